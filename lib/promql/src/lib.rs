//! Parse, plan and evaluate PromQL over any store that implements Queryable.
