//! Configuration as data: one YAML file to one value, errors that name their place, the reference as Markdown.

pub mod docs;
mod load;
mod locate;
mod view;

pub use load::{Error, parse};
pub use locate::{Place, locate};
pub use view::{View, yaml};
