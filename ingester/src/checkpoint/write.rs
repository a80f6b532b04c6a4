//! A head's generations to a checkpoint's bytes.

use bytes::Bytes;
use mneme_head::{ExportedSeries, Head, ReadError};
use mneme_model::chunk::Chunk;
use mneme_model::{Cut, Exemplar, TenantId, TimestampMs};

use super::Header;
use super::directory::{Directory, TenantEntry};
use super::page::{CHUNKS_PER_RECORD, PageBuilder};

/// A checkpoint as bytes.
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    /// How many chunks are in it.
    pub(crate) chunks: u64,
    /// How many series.
    pub(crate) series: u64,
}

/// Makes checkpoints, one after the other, in the same memory: whatever thread makes the next one, the allocator would keep what it
/// worked with for each of them.
#[derive(Default)]
pub(crate) struct Encoder {
    object: Vec<u8>,
    page: PageBuilder,
}

impl Encoder {
    /// Encodes the generations `header.from..header.cut` of a head, tenant by tenant, and all tenants' metadata. The head is locked
    /// for some hundred series at a time.
    ///
    /// # Errors
    /// [`ReadError`]: spilled chunks cannot be read back.
    pub(crate) fn encode(&mut self, head: &Head, header: &Header) -> Result<Encoded, ReadError> {
        let mut writer = Writer::new(header, std::mem::take(&mut self.object), &mut self.page);
        let mut tenants = head.tenants();
        tenants.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        for tenant in tenants {
            writer.tenant(head, tenant)?;
        }
        Ok(writer.finish())
    }

    /// Takes the memory of a checkpoint back that nobody looks at any more.
    pub(crate) fn reuse(&mut self, bytes: Bytes) {
        if let Ok(bytes) = bytes.try_into_mut() {
            self.object = bytes.into();
        }
    }
}

struct Writer<'a> {
    header: &'a Header,
    object: Vec<u8>,
    page: &'a mut PageBuilder,
    directory: Directory,
    series: u64,
}

impl<'a> Writer<'a> {
    fn new(header: &'a Header, mut object: Vec<u8>, page: &'a mut PageBuilder) -> Self {
        object.clear();
        page.clear();
        header.encode(&mut object);
        Self { header, object, page, directory: Directory::default(), series: 0 }
    }

    fn tenant(&mut self, head: &Head, tenant: TenantId) -> Result<(), ReadError> {
        let first_page = self.directory.pages.len() as u64;
        let mut entry = TenantEntry {
            tenant,
            first_page,
            pages: 0,
            series: 0,
            chunks: 0,
            samples: 0,
            min_time: TimestampMs::MAX,
            max_time: TimestampMs::MIN,
            families: 0,
        };
        let mut after = None;
        loop {
            let cuts = self.header.from..self.header.cut;
            let page = head.export(Some(entry.tenant.as_str()), cuts, after);
            if let Some(failed) = page.failed {
                return Err(failed);
            }
            page.series.iter().for_each(|series| self.series(&mut entry, series));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for family in head.export_metadata(entry.tenant.as_str()) {
            self.page.metadata(self.directory.tenants.len() as u64, &family);
            entry.families += 1;
            self.end_full_page();
        }
        if entry.series + entry.families > 0 {
            entry.pages = self.directory.pages.len() as u64 - first_page + 1;
            self.series += entry.series;
            self.directory.tenants.push(entry);
        }
        Ok(())
    }

    fn series(&mut self, entry: &mut TenantEntry, series: &ExportedSeries) {
        entry.series += 1;
        entry.chunks += series.chunks.len() as u64;
        for (_, chunk) in &series.chunks {
            entry.samples += u64::from(chunk.count);
            entry.min_time = entry.min_time.min(chunk.min_time);
            entry.max_time = entry.max_time.max(chunk.max_time);
        }
        let (first, rest) = series.chunks.split_at(series.chunks.len().min(CHUNKS_PER_RECORD));
        self.record(series, first, &series.exemplars);
        rest.chunks(CHUNKS_PER_RECORD).for_each(|chunks| self.record(series, chunks, &[]));
    }

    fn record(&mut self, series: &ExportedSeries, chunks: &[(Cut, Chunk)], exemplars: &[(Cut, Exemplar)]) {
        let tenant = self.directory.tenants.len() as u64;
        self.page.series(tenant, self.header.from, series.labels.view(), chunks, exemplars);
        self.end_full_page();
    }

    fn end_full_page(&mut self) {
        if self.page.is_full() {
            self.directory.pages.extend(self.page.finish(&mut self.object));
        }
    }

    fn finish(mut self) -> Encoded {
        self.directory.pages.extend(self.page.finish(&mut self.object));
        // A tenant that ended with a full page was given the next one as well.
        let pages = self.directory.pages.len() as u64;
        for tenant in &mut self.directory.tenants {
            tenant.pages = tenant.pages.min(pages.saturating_sub(tenant.first_page));
        }
        self.directory.encode(&mut self.object);
        Encoded { bytes: self.object.into(), chunks: self.directory.chunks(), series: self.series }
    }
}
