//! Label sets taken apart into their single labels, and put together again, without a look at names and values.

use super::{Labels, LabelsRef, push_label, split_text};

impl<'a> LabelsRef<'a> {
    /// The set of this one label, written into `buffer`, which is cleared first; the value must not be empty.
    pub fn single(buffer: &'a mut String, name: &str, value: &str) -> Self {
        buffer.clear();
        push_label(buffer, name, value);
        LabelsRef(buffer)
    }

    /// Each label as a set of its own, in order. Their bytes one after the other are the bytes of this set.
    pub fn singles(self) -> impl Iterator<Item = LabelsRef<'a>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (_, behind_name) = split_text(rest)?;
            let (_, behind) = split_text(behind_name)?;
            let (single, behind) = rest.split_at_checked(rest.len() - behind.len())?;
            rest = behind;
            Some(LabelsRef(single))
        })
    }
}

impl Labels {
    /// The set of the labels of `parts`, whose names must ascend from part to part (as [`LabelsRef::singles`] gives them).
    pub fn concat<'p>(parts: impl Iterator<Item = LabelsRef<'p>> + Clone) -> Self {
        Self::concat_by(&mut String::with_capacity(parts.clone().map(|part| part.0.len()).sum()), parts)
    }

    /// As [`Self::concat`], by way of a buffer (cleared first) that is used again for the next set.
    pub fn concat_by<'p>(buffer: &mut String, parts: impl Iterator<Item = LabelsRef<'p>>) -> Self {
        buffer.clear();
        parts.for_each(|part| buffer.push_str(part.0));
        debug_assert!(LabelsRef::parse(buffer.as_bytes()).is_ok(), "names ascend");
        Self(buffer.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_label_is_the_set_of_it() {
        let (mut buffer, value) = ("before".to_owned(), "v".repeat(70));
        assert_eq!(
            LabelsRef::single(&mut buffer, "job", &value),
            Labels::from_pairs([("job", &*value)]).view()
        );
    }

    #[test]
    fn singles_make_the_set_again() {
        let labels = Labels::from_pairs([
            ("b", "2".repeat(100)),
            ("a", "1".to_owned()),
            ("__name__", "up".to_owned()),
        ]);
        let singles: Vec<Labels> = labels.view().singles().map(LabelsRef::to_owned).collect();
        assert_eq!(singles.len(), 3);
        assert_eq!(singles[1], Labels::from_pairs([("a", "1")]));
        assert_eq!(Labels::concat(singles.iter().map(Labels::view)), labels);
        assert_eq!(Labels::empty().view().singles().count(), 0);
    }
}
