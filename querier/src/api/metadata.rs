//! `/metadata`: type, help and unit of metric families.

use mneme_model::Metadata;

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::{Error, params};
use crate::json::{push_label_text, push_text};

/// Answers with families by name and every different metadata of each.
pub(super) async fn metadata(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = number(form, "limit")?;
    let per_metric = number(form, "limit_per_metric")?.filter(|n| *n > 0);
    let metric = Some(form.get("metric")).filter(|name| !name.is_empty());

    let families = call.source.metadata(metric).await?;
    let mut out = vec![b'{'];
    for (i, (name, metadata)) in families.iter().take(limit.unwrap_or(usize::MAX)).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_text(&mut out, name);
        out.extend_from_slice(b":[");
        for (j, metadata) in metadata.iter().take(per_metric.unwrap_or(usize::MAX)).enumerate() {
            if j > 0 {
                out.push(b',');
            }
            push(&mut out, metadata);
        }
        out.push(b']');
    }
    out.push(b'}');
    Ok(Reply::json(out))
}

fn push(out: &mut Vec<u8>, metadata: &Metadata) {
    out.extend_from_slice(b"{\"type\":");
    push_label_text(out, metadata.metric_type.as_str());
    out.extend_from_slice(b",\"unit\":");
    push_text(out, &metadata.unit);
    out.extend_from_slice(b",\"help\":");
    push_text(out, &metadata.help);
    out.push(b'}');
}

/// An optional count; a negative one means no limit.
fn number(form: &Form, name: &str) -> Result<Option<usize>, Error> {
    match form.get(name) {
        "" => Ok(None),
        text => params::integer(text)
            .map(|n| usize::try_from(n).ok())
            .map_err(|_| Error::bad_data(format!("{name} must be a number"))),
    }
}
