//! Flushes, compactions and cleaners that race on a store that misbehaves and that crash: every range of every partition is in listed
//! blocks exactly once, and nothing that is listed is ever deleted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mneme_block::manifest::{Change, CleanOptions, Committed, Manifests, Removed, Void};
use mneme_bucket::fake::{Fake, Faults};
use mneme_model::Cut;
use parking_lot::Mutex;
use tokio::time::Instant;
use ulid::Ulid;

use crate::support::{HOUR, Numbers, block, flush, is_there, manifests, partition, tenant, upload};

/// Partition and cuts whose samples a block holds.
type Holds = Vec<(u16, u64, u64)>;

struct World {
    fake: Arc<Fake>,
    begun: Instant,
    blocks: Mutex<HashMap<Ulid, Holds>>,
    /// Commits that took place, as their authors heard.
    won: Mutex<Vec<(u16, u64)>>,
}

impl World {
    /// The store's clock follows the simulated time; so do all actors' clocks, give or take a minute.
    fn now(&self, numbers: &mut Numbers) -> i64 {
        let now = 1_000 * HOUR + i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        self.fake.set_now(now);
        now + numbers.below(120_000) as i64 - 60_000
    }

    async fn put(&self, manifests: &Manifests, id: Ulid, holds: Holds) -> mneme_block::meta::BlockMeta {
        let block = block(id, 0, 2 * HOUR);
        self.blocks.lock().insert(id, holds);
        upload(manifests.bucket(), &tenant(), &block).await;
        block
    }

    /// An owner: flushes whatever partition it likes, as if it were the primary of all.
    async fn flusher(&self, seed: u64) {
        let mut numbers = Numbers(seed);
        let manifests = manifests(&self.fake, seed);
        let mut base = newest(&manifests).await;
        loop {
            if numbers.below(2) == 0 {
                base = newest(&manifests).await;
            }
            let number = numbers.below(4) as u16;
            let from = base.mark(partition(number)).0;
            let to = from + 1 + numbers.below(3);
            let id = manifests.fresh_id(self.now(&mut numbers));
            let change = flush(number, from, to, self.put(&manifests, id, vec![(number, from, to)]).await);
            if numbers.below(8) == 0 {
                // Crashed between the files and the commit.
                continue;
            }
            base = self.commit(&manifests, base, &change, &mut numbers).await;
            tokio::time::sleep(Duration::from_millis(numbers.below(20_000))).await;
        }
    }

    /// Commits until it is known how it ended, or crashes.
    async fn commit(
        &self,
        manifests: &Manifests,
        base: mneme_block::manifest::Manifest,
        change: &Change,
        numbers: &mut Numbers,
    ) -> mneme_block::manifest::Manifest {
        loop {
            match manifests.commit(&base, change, self.now(numbers)).await {
                Ok(Committed::Committed(newest)) => {
                    self.won.lock().extend(change.marks.iter().map(|m| (m.partition.partition.0, m.from.0)));
                    return newest;
                }
                Ok(Committed::Void { newest, .. }) => return newest,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            if numbers.below(3) == 0 {
                return newest(manifests).await;
            }
        }
    }

    /// Merges two blocks into one.
    async fn compactor(&self, seed: u64) {
        let mut numbers = Numbers(seed);
        let manifests = manifests(&self.fake, seed);
        loop {
            tokio::time::sleep(Duration::from_millis(numbers.below(30_000))).await;
            let base = newest(&manifests).await;
            let Ok(blocks) = base.all_blocks().await else { continue };
            let few: Vec<_> = blocks.iter().skip(numbers.below(3) as usize).take(2).collect();
            if few.len() < 2 {
                continue;
            }
            let holds = few.iter().flat_map(|block| self.blocks.lock()[&block.id].clone()).collect();
            let id = manifests.fresh_id(self.now(&mut numbers));
            let merged = self.put(&manifests, id, holds).await;
            let remove = few.iter().map(|block| Removed::from(&***block)).collect();
            let change = Change { add: vec![merged], remove, ..Change::default() };
            self.commit(&manifests, base, &change, &mut numbers).await;
        }
    }

    async fn cleaner(&self, seed: u64) {
        let mut numbers = Numbers(seed);
        let manifests = manifests(&self.fake, seed);
        let options =
            CleanOptions { version_age: Duration::from_secs(40), orphan_age: Duration::from_secs(60) };
        loop {
            tokio::time::sleep(Duration::from_millis(numbers.below(40_000))).await;
            let _ = manifests.clean(&tenant(), self.now(&mut numbers), options).await;
        }
    }
}

async fn newest(manifests: &Manifests) -> mneme_block::manifest::Manifest {
    loop {
        match manifests.newest(&tenant()).await {
            Ok(newest) => return newest,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
}

async fn run(seed: u64) -> (u64, usize) {
    let fake = Arc::new(Fake::new(seed, Faults::nasty()));
    let world =
        World { fake: fake.clone(), begun: Instant::now(), blocks: Mutex::default(), won: Mutex::default() };
    let seeds = seed * 100;
    let actors = async {
        tokio::join!(
            world.flusher(seeds + 1),
            world.flusher(seeds + 2),
            world.flusher(seeds + 3),
            world.compactor(seeds + 4),
            world.cleaner(seeds + 5),
            world.cleaner(seeds + 6),
        )
    };
    let length = Duration::from_secs(150);
    let over = tokio::time::timeout(length, actors).await;
    assert!(over.is_err());
    fake.set_faults(Faults::none());
    let manifests = manifests(&fake, seeds + 7);
    let newest = newest(&manifests).await;
    let blocks = newest.all_blocks().await.unwrap();
    for number in 0..4 {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for block in &blocks {
            let holds = world.blocks.lock()[&block.id].clone();
            ranges.extend(holds.iter().filter(|h| h.0 == number).map(|h| (h.1, h.2)));
        }
        ranges.sort_unstable();
        let mut reach = 0;
        for (from, to) in ranges {
            assert_eq!(from, reach, "seed {seed}: partition {number} has a gap or holds something twice");
            reach = to;
        }
        assert_eq!(Cut(reach), newest.mark(partition(number)), "seed {seed}: partition {number}");
    }
    for block in &blocks {
        assert!(is_there(&fake, &tenant(), block), "seed {seed}: {} is listed and gone", block.id);
    }
    let mut won = world.won.lock().clone();
    let count = won.len();
    won.sort_unstable();
    won.dedup();
    assert_eq!(won.len(), count, "seed {seed}: two flushes of one mark heard that they won");
    // Everything at rest: one cleaning leaves nothing but what the newest version lists.
    let later = 2_000 * HOUR;
    fake.set_now(later);
    let options = CleanOptions { version_age: Duration::ZERO, orphan_age: Duration::from_secs(1) };
    let mark = Change { floor: Some(Ulid::from_parts(1, 1)), shard_size: Some(4), ..Change::default() };
    let _ = manifests.commit(&newest, &mark, later).await.unwrap();
    manifests.clean(&tenant(), later, options).await.unwrap();
    let verified = manifests.verify(&tenant()).await.unwrap();
    let sizes = |problem: &mneme_block::manifest::Problem| problem.reason.contains("the manifest says");
    let problems: Vec<_> = verified.problems.iter().filter(|problem| !sizes(problem)).collect();
    assert!(problems.is_empty() && verified.orphans == 0, "seed {seed}: {problems:?}, {}", verified.orphans);
    assert_eq!((verified.versions, verified.blocks), (1, blocks.len() as u64), "seed {seed}");
    (newest.version(), count)
}

#[tokio::test(start_paused = true)]
async fn every_range_is_listed_exactly_once_whatever_the_store_does_and_whoever_crashes() {
    let (mut versions, mut commits) = (0, 0);
    for seed in 0..200 {
        let (version, won) = run(seed).await;
        versions += version;
        commits += won;
    }
    println!("200 seeds: {versions} versions, {commits} flushes committed");
    assert!(commits > 2_000, "{commits}: too little happened");
}

#[tokio::test(start_paused = true)]
async fn of_two_flushes_of_the_same_mark_exactly_one_wins_and_the_other_hears_why() {
    for seed in 0..200 {
        let fake = Arc::new(Fake::new(seed, Faults::nasty()));
        let flushers = (0..3).map(|flusher| {
            let manifests = manifests(&fake, seed * 10 + flusher);
            async move {
                let base = newest(&manifests).await;
                let change = flush(2, 0, 4, block(manifests.fresh_id(1_000), 0, HOUR));
                loop {
                    match manifests.commit(&base, &change, 1_000).await {
                        Ok(Committed::Committed(_)) => return true,
                        Ok(Committed::Void { why, newest }) => {
                            let moved =
                                Void::MarkMoved { partition: partition(2), expected: Cut(0), found: Cut(4) };
                            assert_eq!((why, newest.mark(partition(2))), (moved, Cut(4)), "seed {seed}");
                            return false;
                        }
                        Err(error) => assert!(error.is_transient(), "seed {seed}: {error}"),
                    }
                }
            }
        });
        let won = futures::future::join_all(flushers).await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "seed {seed}");
        fake.set_faults(Faults::none());
        assert_eq!(newest(&manifests(&fake, 1)).await.content().blocks.len(), 1, "seed {seed}");
    }
}
