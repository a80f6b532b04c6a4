//! The WAL is cut regularly.

use mneme_bucket::Bucket;
use mneme_ingester::Config;
use mneme_model::Cut;

use crate::support::ingester_with;

#[tokio::test(start_paused = true)]
async fn a_cut_is_appended_per_interval_and_told() {
    let bucket = Bucket::memory();
    let ingester = ingester_with(&bucket, Config::default(), &prometheus::Registry::new());
    ingester.replay().await.unwrap();
    let (signal, drain) = mneme_server::drain::channel();
    let mut tasks = tokio::task::JoinSet::new();
    let mut cuts = ingester.cuts();
    let begun = tokio::time::Instant::now();
    tasks.spawn(ingester.run(drain));
    for cut in 1..=2 {
        cuts.changed().await.unwrap();
        assert_eq!(*cuts.borrow_and_update(), Cut(cut));
        assert!(begun.elapsed().as_secs() >= 900 * cut && begun.elapsed().as_secs() < 900 * cut + 60);
    }
    signal.start();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    let mut log = mneme_wal::Log::new(bucket);
    log.refresh().await.unwrap();
    assert_eq!(log.cut(), Cut(2));
}
