//! Series of 2.0 requests whose labels came before, text by text in the same order: these need no checks.

use mneme_model::TenantId;
use mneme_model::labels::METRIC_NAME;
use mneme_proto::remote_write::{MetadataRef, Request, Series};
use mneme_wal::{Catalog, CatalogReader, Numbered, SeriesId, SpaceId};

use super::identity::Identity;
use super::known::{SERIES_PER_HOLD, rules};
use super::{Error, Stager};

/// Part of the name of 2.0's space: the keys of 1.0 are others.
const NUMBERED: u8 = 2;

/// One request's walk over a catalog, as [`super::Known`] is of 1.0.
pub(crate) struct KnownNumbers<'c, 'r, 'm> {
    request: &'r Request<'m>,
    catalog: &'c Catalog,
    reader: CatalogReader<'c>,
    space: SpaceId,
    numbered: Numbered,
    previous: Option<SeriesId>,
    walked: u32,
    fresh: Vec<Fresh>,
    /// The numbers of the fresh ones' labels.
    numbers: Vec<u64>,
    /// A metric's name and what was said of it and is staged: its other series say the same.
    said: Option<(&'m str, MetadataRef<'m>)>,
}

/// A series that passed and is not in the catalog yet.
struct Fresh {
    start: usize,
    len: usize,
    index: u32,
}

impl<'c, 'r, 'm> KnownNumbers<'c, 'r, 'm> {
    /// For a 2.0 request of `tenant`.
    ///
    /// # Errors
    /// As [`Stager::series`]: its texts may have no room.
    pub(crate) fn new(
        catalog: &'c Catalog,
        tenant: &TenantId,
        request: &'r Request<'m>,
        stager: &mut Stager<'_>,
    ) -> Result<Self, Error> {
        stager.account.scratch(request.symbol_count() * (Numbered::SIZE + size_of::<&str>()))?;
        let mut rules = rules(stager.limits, stager.placement);
        rules.push(NUMBERED);
        let space = catalog.space(tenant, &rules);
        Ok(Self {
            request,
            catalog,
            reader: catalog.read(),
            space,
            numbered: Numbered::default(),
            previous: None,
            walked: 0,
            fresh: Vec::new(),
            numbers: Vec::new(),
            said: None,
        })
    }

    /// Stages one series, whose labels are not filled in. Errors as [`Stager::series`].
    #[inline]
    pub(crate) fn stage(&mut self, series: &mut Series<'m>, stager: &mut Stager<'_>) -> Result<(), Error> {
        self.walked += 1;
        if self.walked.is_multiple_of(SERIES_PER_HOLD) {
            self.reader.bump();
        }
        let request = self.request;
        let text = |number| request.symbol(number);
        let (space, numbers, known) = (self.space, series.label_refs(), &mut self.numbered);
        let found = self
            .previous
            .and_then(|last| self.reader.follow_numbers(space, last, numbers, text, known))
            .or_else(|| self.reader.find_numbers(space, self.previous, numbers, text, known));
        self.previous = found;
        match found {
            Some(found) => self.known(found, series, stager),
            None => self.unknown(series, stager),
        }
    }

    #[inline]
    fn known(&mut self, found: SeriesId, series: &Series<'m>, stager: &mut Stager<'_>) -> Result<(), Error> {
        let identity = Identity::Known { catalog: &self.reader, series: found };
        stager.known(series, identity)?;
        if series.metadata.is_none() && series.metadata_problem.is_none() {
            return Ok(());
        }
        let name = metric_name(self.request, series.label_refs());
        if self.said.is_some() && self.said == series.metadata.map(|metadata| (name, metadata)) {
            stager.tally.stored.metadata += 1;
            return Ok(());
        }
        let before = stager.tally.stored.metadata;
        stager.series_metadata(&identity, name, series)?;
        self.said =
            series.metadata.map(|said| (name, said)).filter(|_| stager.tally.stored.metadata > before);
        Ok(())
    }

    fn unknown(&mut self, series: &mut Series<'m>, stager: &mut Stager<'_>) -> Result<(), Error> {
        self.request.resolve(series);
        let index = stager.series(series)?;
        if let Some(index) = index.filter(|_| !stager.shortens(series)) {
            let (start, len) = (self.numbers.len(), series.label_refs().len());
            stager.account.scratch(size_of::<Fresh>() + size_of::<u64>() * len)?;
            self.numbers.extend_from_slice(series.label_refs());
            self.fresh.push(Fresh { start, len, index });
        }
        Ok(())
    }

    /// Adds the request's new series to the catalog, so that the next request finds them.
    pub(crate) fn enroll(self, stager: &mut Stager<'_>) {
        let Self { request, catalog, reader, space, fresh, numbers, .. } = self;
        drop(reader);
        if fresh.is_empty() {
            return;
        }
        let mut writer = catalog.write();
        for Fresh { start, len, index } in fresh {
            let labels = numbers.get(start..start + len).unwrap_or_default().as_chunks().0;
            let text = |number| request.symbol(number).unwrap_or_default();
            let labels = labels.iter().map(|[name, value]| (text(*name), text(*value)));
            let Some(partition) = stager.records.partition(index) else { continue };
            match writer.add_labels(space, labels, partition) {
                Ok(Some(series)) => stager.records.now_known(index, series),
                // No room for more.
                Ok(None) => return,
                Err(_) => writer.discard(),
            }
        }
    }
}

/// The metric's name among labels that passed.
fn metric_name<'m>(request: &Request<'m>, numbers: &[u64]) -> &'m str {
    let text = |number| request.symbol(number).unwrap_or_default();
    let labels = numbers.as_chunks().0.iter().map(|[name, value]| (text(*name), text(*value)));
    labels
        .into_iter()
        .find(|(name, value)| *name == METRIC_NAME && !value.is_empty())
        .map_or("", |found| found.1)
}
