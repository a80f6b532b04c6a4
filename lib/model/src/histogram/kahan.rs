//! Summation that loses less.

/// Kahan summation with Neumaier's improvement, as Prometheus 3.14 sums (`util/kahansum`): bit for bit the same steps.
///
/// ```
/// use mneme_model::histogram::KahanSum;
/// let mut sum = KahanSum::default();
/// for value in [1.0, 1e100, 1.0, -1e100] {
///     sum.add(value);
/// }
/// assert_eq!(sum.total(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KahanSum {
    /// The running sum.
    pub sum: f64,
    /// What rounding has taken from it.
    pub compensation: f64,
}

impl KahanSum {
    /// A sum that starts at `sum`.
    #[must_use]
    pub fn new(sum: f64) -> Self {
        Self { sum, compensation: 0.0 }
    }

    /// Adds `value`.
    pub fn add(&mut self, value: f64) {
        kahan_add(value, &mut self.sum, &mut self.compensation);
    }

    /// The sum with what rounding took.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.sum + self.compensation
    }
}

/// One step of [`KahanSum`] on a sum and a compensation that are kept apart.
pub fn kahan_add(value: f64, sum: &mut f64, compensation: &mut f64) {
    let total = *sum + value;
    if total.is_infinite() {
        *compensation = 0.0;
    } else if sum.abs() >= value.abs() {
        *compensation += (*sum - total) + value;
    } else {
        *compensation += (value - total) + *sum;
    }
    *sum = total;
}
