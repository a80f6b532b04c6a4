//! Questions that are answered where they are asked: little is looked at, and nobody is waited for.

use mneme_model::Cut;

use crate::candidates::Candidates;
use crate::query::Reader;
use crate::{Cursor, Head, Selection, TextSet, Wanted, Window};

impl Head {
    /// [`Self::label_names_into`] without matchers, if nobody writes just now and it takes fewer than `steps` looks at labels and series,
    /// of which those taken are subtracted. Returns the lowest generation of the tenant that was held. `None`: ask where a thread may
    /// block; some names may have been added.
    pub fn label_names_at_once(
        &self,
        tenant: &str,
        window: Window,
        steps: &mut u64,
        out: &mut TextSet,
    ) -> Option<Cut> {
        self.at_once(tenant, window, steps, |candidates| candidates.names(out))
    }

    /// [`Self::label_values_into`] by the same rules.
    pub fn label_values_at_once(
        &self,
        tenant: &str,
        name: &str,
        window: Window,
        steps: &mut u64,
        out: &mut TextSet,
    ) -> Option<Cut> {
        self.at_once(tenant, window, steps, |candidates| candidates.values(name, out))
    }

    /// The series that [`Self::select_next`] would give, all at once, if nobody writes just now and they are at most `most`, in memory.
    /// Returns the lowest generation of the tenant that was held. `None`: ask where a thread may block, with another selection.
    pub fn select_at_once(
        &self,
        tenant: &str,
        wanted: &Wanted<'_>,
        most: u64,
        out: &mut Selection,
    ) -> Option<Cut> {
        let state = self.state.try_read()?;
        let Some(tenant) = state.tenant(tenant) else { return Some(state.floor) };
        let reader = Reader { config: &self.config, state: &state, tenant };
        let mut cursor = Cursor::new(&reader, wanted.matchers, wanted.window);
        if cursor.left() > most {
            return None;
        }
        while cursor.left() > 0 && !out.is_full() {
            reader.select_next(&mut cursor, wanted, out);
        }
        (cursor.left() == 0 && out.is_in_memory()).then(|| reader.floor())
    }

    fn at_once(
        &self,
        tenant: &str,
        window: Window,
        steps: &mut u64,
        answer: impl FnOnce(&mut Candidates<'_>),
    ) -> Option<Cut> {
        let state = self.state.try_read()?;
        let Some(tenant) = state.tenant(tenant) else { return Some(state.floor) };
        let reader = Reader { config: &self.config, state: &state, tenant };
        let mut candidates = Candidates::new(&reader, &[], window);
        candidates.steps = *steps;
        answer(&mut candidates);
        *steps = candidates.steps;
        (*steps > 0).then(|| reader.floor())
    }
}
