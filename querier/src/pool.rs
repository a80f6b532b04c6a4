//! Threads that compute, apart from the runtime's, which only wait for sockets and clocks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// A fixed number of threads with a bounded queue before them. Work whose asker has gone away is not begun.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    /// The queue is full.
    Full,
    /// Not done by the deadline.
    Late,
    /// The work panicked, or the pool is gone.
    Failed,
}

type Work = Box<dyn FnOnce() + Send>;

struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Work>,
    closed: bool,
}

impl Pool {
    /// Starts `threads` threads for queries; at most `capacity` pieces of work wait for one.
    pub(crate) fn new(threads: usize, capacity: usize) -> std::io::Result<Self> {
        Self::named("query", threads, capacity)
    }

    /// Starts `threads` threads named `mneme-<name>-<number>`.
    pub(crate) fn named(name: &str, threads: usize, capacity: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), ready: Condvar::new(), capacity });
        let mut pool = Self { shared, threads: Vec::with_capacity(threads) };
        for number in 0..threads {
            let shared = pool.shared.clone();
            let thread = std::thread::Builder::new().name(format!("mneme-{name}-{number}"));
            pool.threads.push(thread.spawn(move || shared.work())?);
        }
        Ok(pool)
    }

    /// Does `work` on one of the threads and gives its result. Work that has begun goes on if the deadline passes or the
    /// future is dropped: give it a switch to look at.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoResult> {
        let (sender, receiver) = oneshot::channel();
        let span = tracing::Span::current();
        let work = move || {
            if !sender.is_closed() {
                let _ = sender.send(span.in_scope(work));
            }
        };
        self.shared.put(Box::new(work))?;
        match timeout_at(deadline, receiver).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) => Err(NoResult::Failed),
            Err(_) => Err(NoResult::Late),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.ready.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// A panic while the lock is held cannot be: the queue's own calls do not panic.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, work: Work) -> Result<(), NoResult> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(NoResult::Failed);
        }
        if queue.waiting.len() >= self.capacity {
            return Err(NoResult::Full);
        }
        queue.waiting.push_back(work);
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(work) = queue.waiting.pop_front() {
                drop(queue);
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    tracing::error!("a query's computation panicked");
                }
                queue = self.lock();
            } else if queue.closed {
                return;
            } else {
                queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[tokio::test]
    async fn work_is_done_on_a_thread_of_the_pool() {
        let pool = Pool::new(2, 8).unwrap();
        let name = pool.run(soon(), || std::thread::current().name().map(str::to_owned)).await.unwrap();
        assert!(name.unwrap().starts_with("mneme-query-"));
    }

    #[tokio::test]
    async fn a_panic_ends_one_piece_of_work_and_no_thread() {
        let pool = Pool::new(1, 8).unwrap();
        assert_eq!(pool.run(soon(), || panic!("as intended")).await, Err::<(), _>(NoResult::Failed));
        assert_eq!(pool.run(soon(), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_the_wait_too() {
        let pool = Pool::new(1, 1).unwrap();
        let (begun, begin) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let busy = pool.run(soon(), move || {
            begun.send(()).unwrap();
            ended.recv().unwrap();
        });
        let others = async {
            while begin.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            let late = pool.run(Instant::now() + Duration::from_millis(1), || ());
            let full = async { pool.run(soon(), || ()).await };
            let answers = futures::future::join(late, full).await;
            end.send(()).unwrap();
            answers
        };
        let (busy, (late, full)) = futures::future::join(busy, others).await;
        assert_eq!((busy, late, full), (Ok(()), Err(NoResult::Late), Err(NoResult::Full)));
    }
}
