//! Group commit: one segment in flight while the next batch fills.

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::{Chain, Outcome};
use mneme_model::{Cut, WriterId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::batch::{Batch, Encoded, Place, Progress};
use super::budget::Shares;
use super::delivery::Committed;
use super::panic::FailOnPanic;
use super::shared::{Shared, Work};
use super::{Stats, delivery};
use crate::segment::{Header, Kind, encode_seal};
use crate::tail::writer_chain;
use crate::{AppendError, CommittedSegment, Error};

/// Batches up to this size are encoded where they are: moving them to another thread costs more.
const ENCODE_INLINE: usize = 256 << 10;

/// Between tries of a create or join that did not settle.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Commits until the writer is closed or has failed.
pub(super) async fn run(shared: Arc<Shared>, deliveries: mpsc::Sender<Committed>) {
    let _guard = FailOnPanic::new(&shared, "committer");
    let writer = shared.committed().0;
    let chain = writer_chain(shared.bucket.clone(), writer);
    let mut committer = Committer { shared, deliveries, writer, chain, seq: 1 };
    let mut due = Instant::now();
    loop {
        match committer.shared.next_work(due) {
            Work::Commit(batch, shares) => {
                due = Instant::now() + committer.shared.config.commit_interval;
                if let Err(error) = committer.commit(batch, &shares).await {
                    tracing::error!(%error, "the write-ahead log stops");
                    committer.shared.fail(&error);
                    return;
                }
            }
            Work::Wait(None) => committer.shared.work.notified().await,
            Work::Wait(Some(until)) => {
                // Woken early: perhaps the batch is full now.
                let _ = tokio::time::timeout_at(until, committer.shared.work.notified()).await;
            }
            Work::Done => return committer.seal().await,
        }
    }
}

struct Committer {
    shared: Arc<Shared>,
    deliveries: mpsc::Sender<Committed>,
    writer: WriterId,
    chain: Chain,
    seq: u64,
}

impl Committer {
    /// Makes one batch durable, whatever it takes, and hands it on. An error is final.
    async fn commit(&mut self, mut batch: Batch, shares: &Shares) -> Result<(), AppendError> {
        let started = Instant::now();
        let encoded = loop {
            let (encoded, back) = self.encode(batch).await?;
            batch = back;
            match self.create(&encoded).await {
                Ok(Outcome::Won) => break encoded,
                Ok(Outcome::Lost(found)) => {
                    let sealed = Header::decode(&found).is_ok_and(|header| header.kind == Kind::Seal);
                    tracing::warn!(writer = %self.writer, seq = self.seq, sealed, "the writer's number is taken: joining again");
                    self.rejoin(&mut batch).await?;
                }
                Err(error) => {
                    batch.progress.send_replace(Progress::Failed(error.clone()));
                    return Err(error);
                }
            }
        };
        self.shared.note_committed(shares, batch.cut, self.seq);
        self.note(&encoded, started);
        let place = Place { writer: self.writer, seq: self.seq, cut: batch.cut };
        self.seq += 1;
        batch.progress.send_replace(Progress::Durable(place));
        let segment = CommittedSegment {
            writer: place.writer,
            seq: place.seq,
            cut: place.cut,
            sections: encoded.sections,
        };
        delivery::offer(
            &self.shared,
            &self.deliveries,
            Committed { segment, place, progress: batch.progress },
        );
        Ok(())
    }

    async fn encode(&self, batch: Batch) -> Result<(Encoded, Batch), AppendError> {
        let header = self.header(Kind::Segment, batch.cut);
        let compression = self.shared.config.compression;
        if batch.size <= ENCODE_INLINE {
            return Ok((batch.encode(header, compression), batch));
        }
        let encoding = tokio::task::spawn_blocking(move || (batch.encode(header, compression), batch));
        encoding.await.map_err(|error| AppendError::Failed(format!("encoding a segment failed: {error}")))
    }

    /// Creates the object until the outcome is settled.
    async fn create(&self, encoded: &Encoded) -> Result<Outcome, AppendError> {
        loop {
            match self.chain.create(self.seq, &encoded.object).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) if error.is_transient() => {
                    Stats::add(&self.shared.stats.retries, 1);
                    tracing::warn!(writer = %self.writer, seq = self.seq, %error, "a segment is not settled yet: going on");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(AppendError::Failed(error.to_string())),
            }
        }
    }

    /// Becomes a new writer; the batch is made anew for it.
    async fn rejoin(&mut self, batch: &mut Batch) -> Result<(), AppendError> {
        let (writer, cut) = loop {
            let shared = &self.shared;
            let parts = &shared.parts;
            let mut log = shared.log.lock().await;
            match log.join(&parts.instance, &parts.zone, (parts.now)(), &parts.attempts).await {
                Ok(writer) => break (writer, log.cut()),
                Err(Error::Bucket(error)) if error.is_transient() => {
                    drop(log);
                    tracing::warn!(%error, "joining again is not settled yet: going on");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(AppendError::Failed(error.to_string())),
            }
        };
        Stats::add(&self.shared.stats.rejoins, 1);
        self.shared.rejoined(writer, cut, batch);
        self.writer = writer;
        self.chain = writer_chain(self.shared.bucket.clone(), writer);
        self.seq = 1;
        Ok(())
    }

    fn note(&self, encoded: &Encoded, started: Instant) {
        let stats = &self.shared.stats;
        Stats::add(&stats.segments, 1);
        Stats::add(&stats.empty_segments, usize::from(encoded.sections.is_empty()));
        Stats::add(&stats.stored_bytes, encoded.object.len());
        Stats::add(&stats.raw_bytes, encoded.sections.iter().map(|(_, raw)| raw.len()).sum());
        if let Some(hook) = &self.shared.parts.on_commit {
            hook(started.elapsed(), encoded.object.len());
        }
    }

    /// Says that nothing follows, so that nobody has to look. Not needed for anything: errors are let go.
    async fn seal(&self) {
        let seal = encode_seal(&self.header(Kind::Seal, self.shared.writer_and_cut().1));
        if let Err(error) = self.chain.create(self.seq, &seal).await {
            tracing::debug!(%error, "the closed writer is not sealed");
        }
    }

    fn header(&self, kind: Kind, cut: Cut) -> Header {
        let parts = &self.shared.parts;
        Header {
            kind,
            writer: self.writer,
            seq: self.seq,
            cut,
            attempt: parts.attempts.next(),
            time: (parts.now)(),
            sections: Vec::new(),
        }
    }
}
