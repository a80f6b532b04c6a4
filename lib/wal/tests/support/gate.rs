//! A store that a stopped process cannot reach: requests wait until it goes on.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use mneme_bucket::fake::Fake;
use mneme_bucket::{Created, Error, Listing, Object, Store};
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Gate {
    fake: Arc<Fake>,
    open: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new(fake: &Arc<Fake>) -> Arc<Self> {
        Arc::new(Self { fake: Arc::clone(fake), open: watch::Sender::new(true) })
    }

    /// Stops the process, or lets it go on.
    pub(crate) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub(crate) async fn opened(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

#[async_trait]
impl Store for Gate {
    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.opened().await;
        self.fake.get(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.opened().await;
        self.fake.get_range(key, range).await
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.opened().await;
        self.fake.head(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.opened().await;
        self.fake.put(key, bytes).await
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        self.opened().await;
        self.fake.create(key, bytes).await
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let (fake, mut open) = (Arc::clone(&self.fake), self.open.subscribe());
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let listing = async move {
            let _ = open.wait_for(|open| *open).await;
            fake.list(&prefix, after.as_deref())
        };
        futures::stream::once(listing).flatten().boxed()
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.opened().await;
        self.fake.delete(key).await
    }
}
