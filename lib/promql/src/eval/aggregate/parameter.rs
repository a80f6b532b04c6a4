//! The number that an aggregation takes, per step.

use crate::Error;
use crate::eval::{Context, Steps, scalar};
use crate::format::go_g;
use crate::functions::{go_max, go_min};
use crate::plan::AggregateNode;

/// The parameter's values.
pub(super) struct Parameter {
    pub(super) values: Vec<f64>,
}

impl Parameter {
    pub(super) fn of(cx: &Context<'_>, node: &AggregateNode, steps: Steps) -> Result<Self, Error> {
        let values = match &node.param {
            Some(param) => scalar(cx, param, steps)?,
            None => vec![0.0; steps.count],
        };
        Ok(Self { values })
    }

    /// The largest; NaN if any is.
    pub(super) fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::MIN, go_max)
    }

    /// The smallest; NaN if any is.
    pub(super) fn min(&self) -> f64 {
        self.values.iter().copied().fold(f64::MAX, go_min)
    }

    pub(super) fn any_nan(&self) -> bool {
        self.values.iter().any(|value| value.is_nan())
    }

    /// Refuses what cannot be a number of series.
    pub(super) fn check_count(&self) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::Execution(text));
        if self.any_nan() {
            return refuse("Parameter value is NaN".to_owned());
        }
        let (min, max) = (self.min(), self.max());
        if min <= -9_223_372_036_854_775_808.0 {
            return refuse(format!("Scalar value {} underflows int64", go_g(min)));
        }
        if max >= 9_223_372_036_854_775_807.0 {
            return refuse(format!("Scalar value {} overflows int64", go_g(max)));
        }
        Ok(())
    }
}
