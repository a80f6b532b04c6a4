//! Which parts of the language and of its evaluation are switched on.

/// Switches by Prometheus's flag names; the default is Prometheus 3.14 as released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features {
    /// `promql-experimental-functions`: functions and aggregations that may still change.
    pub experimental_functions: bool,
    /// `promql-duration-expr`: arithmetic in durations; always on in Prometheus 3.14.
    pub duration_expressions: bool,
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`.
    pub extended_range_selectors: bool,
    /// `promql-binop-fill-modifiers`: `fill`, `fill_left` and `fill_right`.
    pub binop_fill_modifiers: bool,
    /// `promql-delayed-name-removal`: functions mark the metric name as to be removed, the end of the query removes it.
    pub delayed_name_removal: bool,
    /// `type-and-unit-labels`: `__type__` and `__unit__` tell counters from gauges and are dropped with `__name__`.
    pub type_and_unit_labels: bool,
    /// `use-start-timestamps`: samples' start timestamps take part in counter reset detection and `rate`.
    pub use_start_timestamps: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { duration_expressions: true, ..Self::NONE }
    }
}

impl Features {
    /// All off, even what released Prometheus has on.
    pub const NONE: Self = Self {
        experimental_functions: false,
        duration_expressions: false,
        extended_range_selectors: false,
        binop_fill_modifiers: false,
        delayed_name_removal: false,
        type_and_unit_labels: false,
        use_start_timestamps: false,
    };

    /// All on.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            experimental_functions: true,
            duration_expressions: true,
            extended_range_selectors: true,
            binop_fill_modifiers: true,
            delayed_name_removal: true,
            type_and_unit_labels: true,
            use_start_timestamps: true,
        }
    }

    /// The default with the named ones switched on; `all` switches on everything.
    ///
    /// `_` counts as `-`, and the prefixes `promql-` (Prometheus's flags) and `enabled-promql-` (Mimir's options) make no difference.
    pub fn from_names<I>(names: I) -> Result<Self, UnknownFeature>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut features = Self::default();
        for name in names {
            features.switch_on(name.as_ref())?;
        }
        Ok(features)
    }

    fn switch_on(&mut self, name: &str) -> Result<(), UnknownFeature> {
        let normal = name.trim().replace('_', "-");
        let normal =
            normal.strip_prefix("enabled-").or_else(|| normal.strip_prefix("enable-")).unwrap_or(&normal);
        match normal.strip_prefix("promql-").unwrap_or(normal) {
            "all" => *self = Self::all(),
            "experimental-functions" => self.experimental_functions = true,
            "duration-expr" | "duration-expression" | "duration-expressions" => {
                self.duration_expressions = true;
            }
            "extended-range-selectors" => self.extended_range_selectors = true,
            "binop-fill-modifiers" => self.binop_fill_modifiers = true,
            "delayed-name-removal" => self.delayed_name_removal = true,
            "type-and-unit-labels" => self.type_and_unit_labels = true,
            "use-start-timestamps" => self.use_start_timestamps = true,
            // On for good since Prometheus 2.33.
            "at-modifier" | "negative-offset" => {}
            _ => return Err(UnknownFeature { name: name.to_owned() }),
        }
        Ok(())
    }
}

/// No feature has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown PromQL feature {name:?}")]
pub struct UnknownFeature {
    /// As it was given.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_switch_on_what_they_say() {
        assert_eq!(Features::from_names(["all"]), Ok(Features::all()));
        assert_eq!(Features::from_names::<[&str; 0]>([]), Ok(Features::default()));
        let named = Features::from_names([
            "promql-experimental-functions",
            "enabled_promql_extended_range_selectors",
        ])
        .unwrap();
        assert_eq!(
            named,
            Features { experimental_functions: true, extended_range_selectors: true, ..Features::default() }
        );
        assert_eq!(Features::from_names(["fun"]), Err(UnknownFeature { name: "fun".to_owned() }));
    }
}
