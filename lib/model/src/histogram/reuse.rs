//! Histograms whose memory is used again: one after the other is read, or copied, into the same lists.

use super::{AnyHistogram, FloatHistogram, Histogram};

/// `clone_from` keeps the memory of the lists.
macro_rules! clone_into_lists {
    ($type:ty: $($number:ident),+; $($list:ident),+) => {
        impl Clone for $type {
            fn clone(&self) -> Self {
                Self { $($number: self.$number,)+ $($list: self.$list.clone(),)+ }
            }

            fn clone_from(&mut self, source: &Self) {
                $(self.$number = source.$number;)+
                $(self.$list.clone_from(&source.$list);)+
            }
        }
    };
}

clone_into_lists!(Histogram: counter_reset_hint, schema, zero_threshold, zero_count, count, sum;
    positive_spans, negative_spans, positive_deltas, negative_deltas, custom_values);
clone_into_lists!(FloatHistogram: counter_reset_hint, schema, zero_threshold, zero_count, count, sum;
    positive_spans, negative_spans, positive_buckets, negative_buckets, custom_values);

impl Default for AnyHistogram {
    /// Of integer counts, empty.
    fn default() -> Self {
        Self::Integer(Histogram::default())
    }
}

/// `clone_from` keeps the memory of the lists where the kind stays.
impl Clone for AnyHistogram {
    fn clone(&self) -> Self {
        match self {
            Self::Integer(h) => Self::Integer(h.clone()),
            Self::Float(h) => Self::Float(h.clone()),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        match source {
            Self::Integer(h) => self.integer_mut().clone_from(h),
            Self::Float(h) => self.float_mut().clone_from(h),
        }
    }
}

impl AnyHistogram {
    /// To be filled anew with integer counts: what it held stays where it had such, so that the lists' memory is used again.
    pub fn integer_mut(&mut self) -> &mut Histogram {
        if !matches!(self, Self::Integer(_)) {
            *self = Self::Integer(Histogram::default());
        }
        match self {
            Self::Integer(h) => h,
            Self::Float(_) => unreachable!("it was just made one of integer counts"),
        }
    }

    /// To be filled anew with float counts: what it held stays where it had such, so that the lists' memory is used again.
    pub fn float_mut(&mut self) -> &mut FloatHistogram {
        if !matches!(self, Self::Float(_)) {
            *self = Self::Float(FloatHistogram::default());
        }
        match self {
            Self::Float(h) => h,
            Self::Integer(_) => unreachable!("it was just made one of float counts"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Span;

    #[test]
    fn a_copy_keeps_the_memory_it_is_copied_into() {
        let one = |deltas: &[i64]| Histogram {
            count: 7,
            sum: 0.5,
            positive_spans: vec![Span { offset: 1, length: 2 }],
            positive_deltas: deltas.to_vec(),
            ..Histogram::default()
        };
        let mut copy = AnyHistogram::Integer(one(&[1, 2, 3, 4]));
        let memory = copy.integer_mut().positive_deltas.as_ptr();
        let next = AnyHistogram::Integer(one(&[5, 6]));
        copy.clone_from(&next);
        assert_eq!(copy, next);
        assert_eq!(copy.integer_mut().positive_deltas.as_ptr(), memory);
    }

    #[test]
    fn a_copy_of_the_other_kind_is_whole() {
        let float = AnyHistogram::Float(FloatHistogram {
            count: 1.5,
            positive_buckets: vec![1.5],
            ..FloatHistogram::default()
        });
        let mut copy =
            AnyHistogram::Integer(Histogram { count: 3, positive_deltas: vec![3], ..Histogram::default() });
        copy.clone_from(&float);
        assert_eq!(copy, float);
    }
}
