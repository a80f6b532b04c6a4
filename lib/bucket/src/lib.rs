//! The object store behind one handle: URLs, chains of numbered objects, clouds, a durable local directory, a fake that
//! misbehaves.
//!
//! Vocabulary: a *key* names an object (`wal/log/00000000000000000001`); an object is written whole and never changed,
//! except by [`Bucket::put`]; *create* writes only where nothing is; a [`Chain`] is a row of objects numbered without gaps,
//! each created by exactly one winner; an *attempt id* makes the bytes of two attempts differ, so that a read-back tells
//! whose they are.
//!
//! Flow: [`Bucket::open`] parses the URL and picks a [`Store`]; the handle adds deadlines, retries of what may be repeated,
//! and counts; [`check`] proves that a store's create-if-absent has one winner before anything relies on it.
//! Large objects that nobody names twice are written while they are made ([`Bucket::put_stream`]).
//! Deliberately absent: what the bytes mean, renames.

mod adapter;
mod attempt;
mod backoff;
mod bucket;
mod cache;
mod chain;
pub mod check;
mod cloud;
mod error;
pub mod fake;
mod hedge;
mod key;
mod listing;
mod local;
mod options;
mod place;
mod stats;
mod store;
mod upload;

pub use adapter::ObjectStoreAdapter;
pub use attempt::AttemptIds;
pub use bucket::Bucket;
pub use cache::{Cache, CacheOptions, Cached};
pub use chain::{Chain, Known, Next, Outcome};
pub use cloud::{
    AzureConfig, BucketLookupType, CloudConfig, Credential, GcsConfig, HttpOptions, S3Config, SseConfig,
    SseType,
};
pub use error::Error;
pub use local::LocalDir;
pub use options::{OnFatal, Options};
pub use stats::{Operation, OperationCounts, Stats};
pub use store::{Created, Habits, Listing, Object, Store};
pub use upload::Part;
