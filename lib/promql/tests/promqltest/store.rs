//! What a script needs of a store: the same scripts run over every implementation.

use mneme_model::{Labels, Samples};
use mneme_promql::{Plan, Queryable};

/// A store that can be filled, emptied and asked.
pub(crate) trait Store {
    /// Forgets everything.
    fn clear(&mut self);

    /// Adds samples of a series; of equal times the first value stays.
    fn load(&mut self, labels: &Labels, samples: Samples);

    /// Everything that `plan` may ask for.
    fn queryable(&self, plan: &Plan) -> Box<dyn Queryable + '_>;
}
