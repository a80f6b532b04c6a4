//! A disk that is full: requests fail and may be tried again, nothing ends, nothing half is left.
//! On a small file system of its own, which only root can mount.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail by panicking, and says that it skips"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::{Bucket, Chain, OnFatal, Options, Outcome};

/// A mounted file system of a megabyte; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let args = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
        let mounted = Command::new("mount").args(args).arg(directory.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(directory));
        }
        println!("skipped: a small file system can only be mounted by root");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

async fn open(disk: &SmallDisk) -> (Bucket, Arc<AtomicBool>) {
    let fatal = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&fatal);
    let options = Options {
        on_fatal: OnFatal(Arc::new(move |_| seen.store(true, Ordering::Relaxed))),
        operation_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let url = format!("file://{}/bucket", disk.path().display());
    (Bucket::open(&url, options).await.unwrap(), fatal)
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_once_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (bucket, fatal) = open(&disk).await;
    let chain = Chain::new(bucket.clone(), "c");
    assert_eq!(chain.create(1, &Bytes::from_static(b"one")).await.unwrap(), Outcome::Won);
    std::fs::write(disk.path().join("ballast"), vec![1; 900 << 10]).unwrap();
    let large = Bytes::from(vec![7; 400 << 10]);
    for _ in 0..3 {
        let error = chain.create(2, &large).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(bucket.put("other", large.clone()).await.is_err());
    }
    assert!(!fatal.load(Ordering::Relaxed), "nothing was promised, so nothing is broken");
    assert_eq!(chain.read(2).await.unwrap(), None, "no half object");
    assert_eq!(
        std::fs::read_dir(disk.path().join("bucket/.tmp")).unwrap().count(),
        0,
        "the space is given back"
    );
    assert_eq!(bucket.get(&chain.key(1)).await.unwrap(), "one");
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    assert_eq!(chain.create(2, &large).await.unwrap(), Outcome::Won);
    assert_eq!(chain.read(2).await.unwrap(), Some(large));
}
