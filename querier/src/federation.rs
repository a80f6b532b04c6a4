//! Reads over several tenants at once (`X-Scope-OrgID: a|b`), as Mimir's tenant federation answers them.
//!
//! With one tenant nothing is added. With several, each series gets the label [`TENANT_LABEL`]; a label of that name that it had
//! before is kept as [`ORIGINAL_LABEL`]; matchers on [`TENANT_LABEL`] choose the tenants that are asked.

use mneme_model::{Labels, Matcher, TenantId};

/// The label that tells whose a series is.
pub(crate) const TENANT_LABEL: &str = "__tenant_id__";
/// What a label of that name becomes where the data itself has one.
pub(crate) const ORIGINAL_LABEL: &str = "original___tenant_id__";

/// The tenants of a request, sorted, each once, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenants(Vec<TenantId>);

impl Tenants {
    /// The tenants of a request; `None` without any.
    pub(crate) fn new(mut tenants: Vec<TenantId>) -> Option<Self> {
        tenants.sort();
        tenants.dedup();
        (!tenants.is_empty()).then_some(Self(tenants))
    }

    /// All of them.
    pub(crate) fn ids(&self) -> &[TenantId] {
        &self.0
    }

    /// Whether answers carry [`TENANT_LABEL`].
    pub(crate) fn federated(&self) -> bool {
        self.0.len() > 1
    }

    /// Whom to ask, and with which matchers.
    pub(crate) fn route(&self, matchers: &[Matcher]) -> (Vec<TenantId>, Vec<Matcher>) {
        if !self.federated() {
            return (self.0.clone(), matchers.to_vec());
        }
        let (about_tenant, rest): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|m| m.name() == TENANT_LABEL);
        let chosen =
            self.0.iter().filter(|id| about_tenant.iter().all(|m| m.matches(id.as_str()))).cloned().collect();
        (chosen, rest.into_iter().map(original).collect())
    }

    /// A series' labels as a reader of these tenants sees them.
    pub(crate) fn stamp(&self, tenant: &TenantId, labels: Labels) -> Labels {
        if !self.federated() {
            return labels;
        }
        let mut builder = labels.to_builder();
        if let Some(own) = labels.get(TENANT_LABEL) {
            builder.set(ORIGINAL_LABEL, own);
        }
        builder.set(TENANT_LABEL, tenant.as_str()).build()
    }

    /// A label's name as the tenants' own data knows it; `None` where it is [`TENANT_LABEL`], which no data has.
    pub(crate) fn own_name<'a>(&self, name: &'a str) -> Option<&'a str> {
        match name {
            TENANT_LABEL if self.federated() => None,
            ORIGINAL_LABEL if self.federated() => Some(TENANT_LABEL),
            name => Some(name),
        }
    }

    /// The tenants' own label names as a reader sees them, sorted.
    pub(crate) fn names(&self, own: Vec<String>) -> Vec<String> {
        if !self.federated() || own.is_empty() {
            return own;
        }
        let rename = |name: String| if name == TENANT_LABEL { ORIGINAL_LABEL.to_owned() } else { name };
        let mut names: Vec<String> = own.into_iter().map(rename).chain([TENANT_LABEL.to_owned()]).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A matcher on the kept label asks for the label as the data has it.
fn original(matcher: &Matcher) -> Matcher {
    if matcher.name() == ORIGINAL_LABEL {
        Matcher::new(matcher.op(), TENANT_LABEL, matcher.value()).unwrap_or_else(|_| matcher.clone())
    } else {
        matcher.clone()
    }
}

#[cfg(test)]
mod tests {
    use mneme_model::MatchOp;

    use super::*;

    fn tenants(names: &[&str]) -> Tenants {
        Tenants::new(names.iter().map(|name| TenantId::new(name).unwrap()).collect()).unwrap()
    }

    #[test]
    fn one_tenant_sees_its_series_unchanged() {
        let (one, labels) = (tenants(&["a", "a"]), Labels::from_pairs([("x", "1")]));
        assert_eq!(one.stamp(&one.ids()[0], labels.clone()), labels);
        let matcher = Matcher::equal(TENANT_LABEL, "b");
        assert_eq!(one.route(std::slice::from_ref(&matcher)), (one.ids().to_vec(), vec![matcher]));
    }

    #[test]
    fn several_tenants_are_told_apart_and_chosen_by_the_label() {
        let both = tenants(&["b", "a"]);
        let own = Labels::from_pairs([(TENANT_LABEL, "mine"), ("x", "1")]);
        let expected = Labels::from_pairs([(TENANT_LABEL, "b"), (ORIGINAL_LABEL, "mine"), ("x", "1")]);
        assert_eq!(both.stamp(&both.ids()[1], own), expected);

        let matchers = [
            Matcher::new(MatchOp::Regex, TENANT_LABEL, "b|c").unwrap(),
            Matcher::equal(ORIGINAL_LABEL, "mine"),
        ];
        let (asked, rest) = both.route(&matchers);
        assert_eq!(asked, [TenantId::new("b").unwrap()]);
        assert_eq!(rest, [Matcher::equal(TENANT_LABEL, "mine")]);
        assert_eq!(both.names(vec!["x".to_owned()]), [TENANT_LABEL, "x"]);
        assert_eq!((both.own_name(TENANT_LABEL), both.own_name(ORIGINAL_LABEL)), (None, Some(TENANT_LABEL)));
    }
}
