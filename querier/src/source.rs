//! Where a request's data comes from: every tenant that it names, asked concurrently.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use mneme_model::{Labels, Matcher, Metadata, ReadHints, TenantId, TimestampMs};
use mneme_proto::internal::ingester::{
    Cardinality, CardinalityRequest, Error, FetchBudget, MetricMetadata, SeriesExemplars, SeriesRequest,
    SharedQueryService,
};

use crate::answer::{Answer, Attempts};
use crate::federation::{TENANT_LABEL, Tenants};

/// How many tenants are asked at once.
const CONCURRENCY: usize = 16;

/// A question about series, to all of a request's tenants.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// All must hold.
    pub(crate) matchers: Vec<Matcher>,
    /// Inclusive.
    pub(crate) start: TimestampMs,
    /// Inclusive.
    pub(crate) end: TimestampMs,
    /// What of a select's answer matters.
    pub(crate) hints: ReadHints,
}

impl Question {
    /// With all labels and samples.
    pub(crate) fn new(matchers: Vec<Matcher>, start: TimestampMs, end: TimestampMs) -> Self {
        Self { matchers, start, end, hints: ReadHints::default() }
    }

    /// At any time.
    pub(crate) fn always(matchers: Vec<Matcher>) -> Self {
        Self::new(matchers, TimestampMs::MIN, TimestampMs::MAX)
    }
}

/// The data of a request's tenants.
#[derive(Clone)]
pub(crate) struct Source {
    service: SharedQueryService,
    tenants: Tenants,
}

impl Source {
    /// The data of these tenants.
    pub(crate) fn new(service: SharedQueryService, tenants: Tenants) -> Self {
        Self { service, tenants }
    }

    /// Series with their chunks, each once, to be pulled as long as the budget lasts.
    pub(crate) async fn select(
        &self,
        question: &Question,
        budget: &Arc<FetchBudget>,
        attempts: &Arc<Attempts>,
    ) -> Result<Answer, Error> {
        let ask = |service: SharedQueryService, request: SeriesRequest| {
            let budget = budget.clone();
            let request = SeriesRequest { seam: attempts.seam(&request.tenant), ..request };
            async move { service.select(request, budget).await }
        };
        Ok(Answer::new(self.ask(question, ask).await?, &self.tenants, attempts))
    }

    /// Series without samples, each once.
    pub(crate) async fn series(&self, question: &Question) -> Result<Vec<Labels>, Error> {
        let answers =
            self.ask(question, |service, request| async move { service.series(request).await }).await?;
        Ok(self.stamped(answers, |labels| labels))
    }

    /// Exemplars by series.
    pub(crate) async fn exemplars(&self, question: &Question) -> Result<Vec<SeriesExemplars>, Error> {
        let answers =
            self.ask(question, |service, request| async move { service.exemplars(request).await }).await?;
        Ok(self.stamped(answers, |series| &mut series.labels))
    }

    /// Label names, sorted.
    pub(crate) async fn label_names(&self, question: &Question) -> Result<Vec<String>, Error> {
        let answers =
            self.ask(question, |service, request| async move { service.label_names(request).await }).await?;
        Ok(self.tenants.names(union(answers)))
    }

    /// A label's values, sorted.
    pub(crate) async fn label_values(&self, label: &str, question: &Question) -> Result<Vec<String>, Error> {
        let Some(own) = self.tenants.own_name(label) else {
            return self.tenant_values(question).await;
        };
        let own = own.to_owned();
        let ask = move |service: SharedQueryService, request| {
            let own = own.clone();
            async move { service.label_values(own, request).await }
        };
        Ok(union(self.ask(question, ask).await?))
    }

    /// Metadata by metric family, sorted by name.
    pub(crate) async fn metadata(
        &self,
        metric: Option<&str>,
    ) -> Result<BTreeMap<String, BTreeSet<Metadata>>, Error> {
        let ask = |tenant: TenantId| self.service.metadata(tenant, metric.map(str::to_owned));
        let answers: Vec<Vec<MetricMetadata>> =
            stream::iter(self.tenants.ids().to_vec()).map(ask).buffered(CONCURRENCY).try_collect().await?;
        let mut merged: BTreeMap<String, BTreeSet<Metadata>> = BTreeMap::new();
        for MetricMetadata { metric, metadata } in answers.into_iter().flatten() {
            merged.entry(metric).or_default().extend(metadata);
        }
        Ok(merged)
    }

    /// How many series each label has, of the tenants that the matchers choose, together.
    pub(crate) async fn cardinality(
        &self,
        question: &Question,
        names: &[String],
        limit: usize,
    ) -> Result<Cardinality, Error> {
        let own = names.iter().filter_map(|name| self.tenants.own_name(name)).map(str::to_owned);
        let own: Vec<String> = own.collect();
        let ask = |service: SharedQueryService, request: SeriesRequest| {
            let SeriesRequest { tenant, matchers, start, end, .. } = request;
            let request = CardinalityRequest { tenant, matchers, start, end, names: own.clone(), limit };
            async move { service.cardinality(request).await }
        };
        let mut all = Cardinality::default();
        for (_, one) in self.ask(question, ask).await? {
            all.merge(one, limit);
        }
        Ok(all)
    }

    /// The values of the federation label: the tenants that the matchers choose, and, if they say more, that have such series.
    async fn tenant_values(&self, question: &Question) -> Result<Vec<String>, Error> {
        if question.matchers.iter().all(|m| m.name() == TENANT_LABEL) {
            let (chosen, _) = self.tenants.route(&question.matchers);
            return Ok(chosen.iter().map(|id| id.as_str().to_owned()).collect());
        }
        let answers =
            self.ask(question, |service, request| async move { service.label_names(request).await }).await?;
        Ok(answers
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(id, _)| id.as_str().to_owned())
            .collect())
    }

    /// Asks each tenant that the matchers choose; answers in the tenants' order.
    async fn ask<T, F, A>(&self, question: &Question, ask: A) -> Result<Vec<(TenantId, T)>, Error>
    where
        A: Fn(SharedQueryService, SeriesRequest) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let (chosen, matchers) = self.tenants.route(&question.matchers);
        let (matchers, ask) = (&matchers, &ask);
        // Of several tenants' labels all are needed: names differ from those that the query knows.
        let labels = question.hints.labels.clone().filter(|_| !self.tenants.federated());
        let hints = &ReadHints { labels, ..question.hints };
        stream::iter(chosen)
            .map(|tenant| async move {
                let request = SeriesRequest {
                    tenant: tenant.clone(),
                    matchers: matchers.clone(),
                    start: question.start,
                    end: question.end,
                    hints: hints.clone(),
                    seam: None,
                };
                ask(self.service.clone(), request).await.map(|answer| (tenant, answer))
            })
            .buffered(CONCURRENCY)
            .try_collect()
            .await
    }

    fn stamped<T>(&self, answers: Vec<(TenantId, Vec<T>)>, labels: impl Fn(&mut T) -> &mut Labels) -> Vec<T> {
        if !self.tenants.federated() {
            return answers.into_iter().next().map(|(_, items)| items).unwrap_or_default();
        }
        let mut all = Vec::with_capacity(answers.iter().map(|(_, items)| items.len()).sum());
        for (tenant, items) in answers {
            all.extend(items.into_iter().map(|mut item| {
                let labels = labels(&mut item);
                *labels = self.tenants.stamp(&tenant, std::mem::take(labels));
                item
            }));
        }
        all
    }
}

fn union(answers: Vec<(TenantId, Vec<String>)>) -> Vec<String> {
    let mut answers = answers.into_iter().map(|(_, texts)| texts);
    let mut all = answers.next().unwrap_or_default();
    let before = all.len();
    all.extend(answers.flatten());
    if all.len() > before {
        all.sort();
        all.dedup();
    }
    all
}
