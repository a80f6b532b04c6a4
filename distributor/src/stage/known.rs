//! Series of 1.0 requests whose labels came before, byte for byte: these need no decoding and no checks.

use mneme_proto::remote_write::{RawSeries, Series, key_labels};
use mneme_tenant::{LabelValueStrategy, Limits, NameValidation};
use mneme_wal::{Catalog, CatalogReader, SeriesId, SpaceId};
use xxhash_rust::xxh3::xxh3_64;

use super::identity::Identity;
use super::{Error, Place, Stager};
use crate::placement::Placement;

/// After so many series whoever waits to add some goes first.
pub(super) const SERIES_PER_HOLD: u32 = 1024;

/// One request's walk over a catalog.
pub(crate) struct Known<'c, 'm> {
    catalog: &'c Catalog,
    reader: CatalogReader<'c>,
    space: SpaceId,
    previous: Option<SeriesId>,
    walked: u32,
    fresh: Vec<Fresh<'m>>,
}

/// A series that passed and is not in the catalog yet.
struct Fresh<'m> {
    key: &'m [u8],
    hash: u64,
    /// How many labels were sent; all of them stand in the key.
    labels: usize,
    index: u32,
}

impl<'c, 'm> Known<'c, 'm> {
    /// The place's space is that of the request's tenant under [`rules`].
    pub(crate) fn new(place: Place<'c>) -> Self {
        let Place { catalog, space } = place;
        Self { catalog, reader: catalog.read(), space, previous: None, walked: 0, fresh: Vec::new() }
    }

    /// Stages one series; `series` is scratch space. Errors as [`Stager::series`].
    #[inline]
    pub(crate) fn stage(
        &mut self,
        raw: &RawSeries<'m>,
        series: &mut Series<'m>,
        stager: &mut Stager<'_>,
    ) -> Result<(), Error> {
        self.walked += 1;
        if self.walked.is_multiple_of(SERIES_PER_HOLD) {
            self.reader.bump();
        }
        // The one that came after the last one the last time: nothing but a comparison.
        let follows = self.previous.and_then(|last| self.reader.follow(self.space, last, raw.bytes()));
        if let Some((found, key_len)) = follows
            && raw.read_values(key_len, series)?
        {
            return self.found(found, series, stager);
        }
        let key = raw.key();
        let hash = xxh3_64(key);
        if let Some(found) = self.reader.find(self.space, self.previous, key, hash)
            && raw.read_values(key.len(), series)?
        {
            return self.found(found, series, stager);
        }
        self.previous = None;
        raw.read(series)?;
        let labels = series.labels.len();
        let index = stager.series(series)?;
        if let Some(index) = index.filter(|_| !stager.shortens(series)) {
            stager.account.scratch(size_of::<Fresh<'_>>())?;
            self.fresh.push(Fresh { key, hash, labels, index });
        }
        Ok(())
    }

    #[inline]
    fn found(&mut self, found: SeriesId, series: &Series<'_>, stager: &mut Stager<'_>) -> Result<(), Error> {
        self.previous = Some(found);
        stager.known(series, Identity::Known { catalog: &self.reader, series: found })
    }

    /// Adds the request's new series to the catalog, so that the next request finds them.
    pub(crate) fn enroll(self, stager: &mut Stager<'_>) {
        let Self { catalog, reader, space, fresh, .. } = self;
        drop(reader);
        if fresh.is_empty() {
            return;
        }
        let mut writer = catalog.write();
        for Fresh { key, hash, labels, index } in fresh {
            let mut count = 0;
            for (piece, (name, value)) in key_labels(key) {
                if writer.piece(space, piece, name, value).is_err() {
                    break;
                }
                count += 1;
            }
            let partition = stager.records.partition(index).filter(|_| count == labels);
            let Some(partition) = partition else {
                // A label stands behind the samples.
                writer.discard();
                continue;
            };
            let Some(series) = writer.add(space, hash, partition) else { return };
            stager.records.now_known(index, series);
        }
    }
}

/// Everything that decides what becomes of a series' labels, as a space's name.
pub(crate) fn rules(limits: &Limits, placement: &Placement) -> Vec<u8> {
    let strategy = match limits.label_value_length_over_limit_strategy {
        LabelValueStrategy::Error => 0,
        LabelValueStrategy::Truncate => 1,
        LabelValueStrategy::Drop => 2,
    };
    let utf8 = limits.name_validation_scheme == NameValidation::Utf8;
    let mut rules = vec![strategy, u8::from(utf8)];
    for limit in
        [limits.max_label_names_per_series, limits.max_label_name_length, limits.max_label_value_length]
    {
        rules.extend_from_slice(&limit.to_le_bytes());
    }
    rules.extend_from_slice(&placement.name());
    rules
}
