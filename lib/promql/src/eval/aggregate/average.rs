//! Sum and mean of histograms with compensated addition.

use mneme_model::FloatHistogram;
use mneme_model::histogram::Error;

/// A running sum; a running mean once the sum overflows.
#[derive(Debug, Default)]
pub(crate) struct HistogramMean {
    sum: Option<FloatHistogram>,
    compensation: Option<FloatHistogram>,
    incremental: bool,
}

impl HistogramMean {
    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.sum.is_none()
    }

    /// Adds the `count`-th histogram; `mean`: the mean is wanted. Whether differing custom bounds had to be reconciled.
    pub(crate) fn add(&mut self, h: &FloatHistogram, mean: bool, count: f64) -> Result<bool, Error> {
        let Some(sum) = &mut self.sum else {
            self.sum = Some(h.clone());
            return Ok(false);
        };
        if !mean {
            return Ok(sum.kahan_add(h, &mut self.compensation)?.bounds_reconciled);
        }
        let mut reconciled = false;
        if !self.incremental {
            let (mut tried, mut compensation) = (sum.clone(), self.compensation.clone());
            reconciled = tried.kahan_add(h, &mut compensation)?.bounds_reconciled;
            if !tried.has_overflow() {
                (*sum, self.compensation) = (tried, compensation);
                return Ok(reconciled);
            }
            self.incremental = true;
            sum.div(count - 1.0);
            if let Some(compensation) = &mut self.compensation {
                compensation.div(count - 1.0);
            }
        }
        let share = (count - 1.0) / count;
        if let Some(compensation) = &mut self.compensation {
            compensation.mul(share);
        }
        let mut part = h.clone();
        part.div(count);
        sum.mul(share);
        Ok(sum.kahan_add(&part, &mut self.compensation)?.bounds_reconciled || reconciled)
    }

    /// The sum, or the mean over `count` histograms.
    pub(crate) fn finish(self, mean: bool, count: f64) -> Option<FloatHistogram> {
        let mut result = self.sum?;
        let mut compensation = self.compensation;
        if mean && !self.incremental {
            result.div(count);
            if let Some(compensation) = &mut compensation {
                compensation.div(count);
            }
        }
        if let Some(compensation) = compensation {
            // The layouts are equal since the additions before.
            let _ = result.add(&compensation);
        }
        Some(result)
    }
}
