//! A process without file descriptors left: requests fail, the disk is not blamed. A process of its own, for its limit.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::{Bucket, Created, OnFatal, Options};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[tokio::test]
async fn running_out_of_file_descriptors_is_no_failed_fsync() {
    let directory = tempfile::tempdir().unwrap();
    let fatal = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&fatal);
    let options = Options {
        on_fatal: OnFatal(Arc::new(move |_| seen.store(true, Ordering::Relaxed))),
        operation_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let bucket = Bucket::open(&format!("file://{}", directory.path().display()), options).await.unwrap();
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) }).unwrap();
    for left in 0..6 {
        let (key, bytes) = (format!("new/{left}/key"), Bytes::from_static(b"1"));
        let mut hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        hoard.truncate(hoard.len() - left);
        let created = bucket.create(&key, bytes.clone()).await;
        let put = bucket.put(&format!("new/{left}/other"), bytes.clone()).await;
        drop(hoard);
        assert!(!fatal.load(Ordering::Relaxed), "with {left} left");
        assert!(left > 0 || put.is_err());
        match created {
            Created::Yes => {}
            Created::Exists => panic!("nobody made it"),
            Created::Unknown(error) => {
                assert!(error.is_transient(), "{error}");
                assert!(matches!(bucket.create(&key, bytes).await, Created::Yes), "with {left} left");
            }
        }
    }
    bucket.delete("new/0/key").await.unwrap();
}
