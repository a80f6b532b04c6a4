//! Histograms as Prometheus' `String()` prints them: `{count:3, sum:1.5, [-0.5,0.5]:1, (1,2]:2}`.

use std::fmt;

use super::bucket::PrintCount;
use super::go_float::g;
use super::{AnyHistogram, Bucket, FloatHistogram, Histogram};

impl fmt::Display for FloatHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", g(self.count), g(self.sum))?;
        self.negative().rev().try_for_each(|bucket| print(f, &bucket))?;
        if !self.uses_custom_buckets() {
            print(f, &self.zero_bucket())?;
        }
        self.positive().try_for_each(|bucket| print(f, &bucket))?;
        f.write_str("}")
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", self.count, g(self.sum))?;
        let negative: Vec<_> = self.negative().collect();
        negative.iter().rev().try_for_each(|bucket| print(f, bucket))?;
        if !self.uses_custom_buckets() {
            print(f, &self.zero_bucket())?;
        }
        self.positive().try_for_each(|bucket| print(f, &bucket))?;
        f.write_str("}")
    }
}

impl fmt::Display for AnyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(h) => h.fmt(f),
            Self::Float(h) => h.fmt(f),
        }
    }
}

fn print<C: PrintCount + PartialEq + Default>(f: &mut fmt::Formatter<'_>, bucket: &Bucket<C>) -> fmt::Result {
    if bucket.count == C::default() { Ok(()) } else { write!(f, ", {bucket}") }
}
