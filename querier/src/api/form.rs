//! A request's parameters: of the URL, and of a posted form before them, as Go's `FormValue` orders them.

use axum::body::Body;
use axum::extract::Request;
use http::{Method, header};

use super::Error;
use super::error::ErrorType;

/// Go's own bound for a posted form.
const MAX_BODY_BYTES: usize = 10 << 20;

/// Names and values in the order of precedence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a request's parameters.
    pub(crate) async fn read(request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let mut pairs = Vec::new();
        let content_type =
            parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if parts.method == Method::POST && content_type.starts_with("application/x-www-form-urlencoded") {
            decode(&read_body(body).await?, &mut pairs);
        }
        decode(parts.uri.query().unwrap_or("").as_bytes(), &mut pairs);
        Ok(Self(pairs))
    }

    /// The first value of `name`, `""` if there is none.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or("")
    }

    /// All values of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Form {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

async fn read_body(body: Body) -> Result<axum::body::Bytes, Error> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_large {
            Error::new(
                ErrorType::TooLargeEntry,
                format!("error parsing form values: form is larger than {MAX_BODY_BYTES} bytes"),
            )
        } else {
            Error::bad_data(format!("error parsing form values: {error}"))
        }
    })
}

fn decode(bytes: &[u8], pairs: &mut Vec<(String, String)>) {
    pairs.extend(url::form_urlencoded::parse(bytes).into_owned());
}
