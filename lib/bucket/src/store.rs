//! What a backend must offer.

use std::fmt::Debug;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::Error;

/// What a listing or a `head` says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The whole key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The store's own time of the last change, milliseconds since 1970.
    pub modified_ms: i64,
}

/// What is known after a create-if-absent.
#[derive(Clone, Debug)]
pub enum Created {
    /// It is there, by this request, and durable.
    Yes,
    /// The store says that something was there already. Perhaps our own earlier try: read it back.
    Exists,
    /// Nothing is known: an error, or no answer in time. Read it back.
    Unknown(Error),
}

/// What a store does to objects by itself, as far as it tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Whether it keeps what is replaced or deleted. None: it does not say.
    pub versioned: Option<bool>,
    /// When it will delete the object, and by which rule, in its own words.
    pub expiry: Option<String>,
}

/// Objects, by most stores in ascending order of their keys; who needs the order sorts.
pub type Listing = BoxStream<'static, Result<Object, Error>>;

/// A backend. Keys are checked by the caller; errors name the key; nothing retries inside.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// Whether a second request for the same may be answered sooner than the first: a store behind a network, of many
    /// machines. Not so a disk, which would only do the work twice.
    fn is_remote(&self) -> bool {
        true
    }

    /// The whole object.
    async fn get(&self, key: &str) -> Result<Bytes, Error>;

    /// A part; an error if the range lies outside of the object.
    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error>;

    /// Size and time.
    async fn head(&self, key: &str) -> Result<Object, Error>;

    /// Writes the whole object, replacing one that is there; durable on return.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error>;

    /// Writes the whole object if there is none; durable on [`Created::Yes`].
    async fn create(&self, key: &str, bytes: Bytes) -> Created;

    /// The objects below `prefix` (a whole number of key segments; empty = all) whose key is after `after`.
    fn list(&self, prefix: &str, after: Option<&str>) -> Listing;

    /// Deletes the object; fine if there is none.
    async fn delete(&self, key: &str) -> Result<(), Error>;

    /// How many deletions it makes durable at once.
    fn most_deletions(&self) -> usize {
        1
    }

    /// Deletes the objects, in this order; fine where there is none.
    async fn delete_many(&self, keys: &[String]) -> Result<(), Error> {
        for key in keys {
            self.delete(key).await?;
        }
        Ok(())
    }

    /// What it does to an object at `key`, which it is given; fine to say nothing.
    async fn habits(&self, key: &str) -> Result<Habits, Error> {
        let _ = key;
        Ok(Habits::default())
    }
}
