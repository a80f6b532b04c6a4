//! What a handle says is there.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::key::check_prefix;
use crate::{Bucket, Error, Listing, Operation};

impl Bucket {
    /// The objects below `prefix` (a whole number of key segments; empty = all), those after the key `after`, in the
    /// store's order.
    ///
    /// Not retried; [`Self::keys`] is. Each object has the request's deadline.
    pub fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        if let Err(error) = check_prefix(prefix) {
            return futures::stream::iter([Err(error)]).boxed();
        }
        let shared = Arc::clone(&self.shared);
        let key = prefix.to_owned();
        shared.stats.request(Operation::List, &key);
        let listing = shared.store.list(prefix, after);
        futures::stream::unfold(Some(listing), move |listing| {
            let (shared, key) = (Arc::clone(&shared), key.clone());
            async move {
                let mut listing = listing?;
                let after = shared.options.request_timeout;
                match tokio::time::timeout(after, listing.next()).await {
                    Ok(Some(Ok(object))) => Some((Ok(object), Some(listing))),
                    Ok(None) => None,
                    Ok(Some(Err(error))) => {
                        shared.stats.error(Operation::List);
                        Some((Err(error), None))
                    }
                    Err(_) => {
                        shared.stats.error(Operation::List);
                        Some((Err(Error::Deadline { operation: "list", key, after }), None))
                    }
                }
            }
        })
        .boxed()
    }

    /// The next segments of the keys below `prefix` (a whole number of key segments, not empty) that have more segments behind them,
    /// ascending: without a listing of what lies below them. One that has been emptied may still be named. Retried.
    ///
    /// # Errors
    /// As the store has them.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        check_prefix(prefix)?;
        let store = &self.shared.store;
        let mut folders = self.repeat(Operation::List, prefix, 0, || store.folders(prefix)).await?;
        folders.sort_unstable();
        folders.dedup();
        Ok(folders)
    }

    /// The keys below `prefix` after the key `after`, up to the key `until` (not included), ascending, whatever the order in
    /// which the store lists them; listed anew until there is a whole listing or the operation's time is over.
    ///
    /// # Errors
    /// As the store has them.
    pub async fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let options = &self.shared.options;
        let deadline = Instant::now() + options.operation_timeout;
        let mut pauses = Backoff::new(options.retry_backoff);
        loop {
            let listed: Result<Vec<String>, Error> =
                self.list(prefix, after).map_ok(|object| object.key).try_collect().await;
            let error = match listed {
                Ok(mut keys) => {
                    keys.retain(|key| until.is_none_or(|until| key.as_str() < until));
                    keys.sort_unstable();
                    return Ok(keys);
                }
                Err(error) => error,
            };
            let pause = pauses.next_pause();
            if !error.is_transient() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!(prefix, %error, "listing again");
            tokio::time::sleep(pause).await;
        }
    }
}
