//! A request that was answered.

use crate::json::{Pieces, Whole};

/// Data and what is to be said about it.
pub(crate) struct Reply {
    /// The envelope's `data`; `None` = 204, no body.
    pub(crate) data: Option<Box<dyn Pieces>>,
    /// Things to look at.
    pub(crate) warnings: Vec<String>,
    /// Things to know.
    pub(crate) infos: Vec<String>,
}

impl Reply {
    /// Data without remarks.
    pub(crate) fn new(data: impl Pieces + 'static) -> Self {
        Self { data: Some(Box::new(data)), warnings: Vec::new(), infos: Vec::new() }
    }

    /// Small data that is JSON already.
    pub(crate) fn json(text: impl Into<Vec<u8>>) -> Self {
        Self::new(Whole(text.into()))
    }

    /// 204.
    pub(crate) fn empty() -> Self {
        Self { data: None, warnings: Vec::new(), infos: Vec::new() }
    }

    /// The same with a warning, if `true`.
    pub(crate) fn warn_if(mut self, warn: bool, text: &str) -> Self {
        if warn {
            self.warnings.push(text.to_owned());
        }
        self
    }
}
