//! What a backend must offer.

use std::fmt::Debug;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;

use crate::{Error, Part};

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

    /// Begins an object that is written in parts, of which nothing is seen before [`Self::finish_upload`]. Returns its name among the
    /// uploads. A store that is only part of another one in a test may do without.
    async fn begin_upload(&self, key: &str) -> Result<String, Error> {
        Err(no_parts(key))
    }

    /// Writes a part; the same bytes again do no harm. Returns the store's name for it. All parts but the last have the same size.
    async fn put_part(&self, key: &str, upload: &str, part: Part, bytes: Bytes) -> Result<String, Error> {
        let _ = (upload, part, bytes);
        Err(no_parts(key))
    }

    /// Makes an object of the parts, given by the names that they got, in their order; replaces one that is there; durable on return.
    async fn finish_upload(&self, key: &str, upload: &str, parts: Vec<String>) -> Result<(), Error> {
        let _ = (upload, parts);
        Err(no_parts(key))
    }

    /// Gives an upload up; fine if there is none.
    async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), Error> {
        let _ = upload;
        Err(no_parts(key))
    }

    /// Nobody goes on with an upload, or it is done: whatever this process holds for it may go.
    fn forget_upload(&self, upload: &str) {
        let _ = upload;
    }

    /// Writes the whole object if there is none; durable on [`Created::Yes`].
    async fn create(&self, key: &str, bytes: Bytes) -> Created;

    /// The objects below `prefix` (a whole number of key segments; empty = all) whose key is after `after`.
    fn list(&self, prefix: &str, after: Option<&str>) -> Listing;

    /// The next segments of the keys below `prefix` (a whole number of key segments) that have more segments behind them.
    async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let objects: Vec<Object> = self.list(prefix, None).try_collect().await?;
        let below = |object: &Object| {
            let (folder, _) = object.key.strip_prefix(prefix)?.strip_prefix('/')?.split_once('/')?;
            Some(folder.to_owned())
        };
        Ok(objects.iter().filter_map(below).collect())
    }

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

fn no_parts(key: &str) -> Error {
    Error::Fatal(format!("put of {key}: this store takes no objects in parts"))
}
