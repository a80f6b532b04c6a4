//! What is asked, and for when.

use rand::Rng;

use super::data::{LENGTH_MS, START_MS};
use super::expression::{Exactness, Expression, Type};
use super::generator::Generator;

/// The times of a request, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// `query`.
    At(i64),
    /// `query_range`.
    Over {
        /// The first step.
        start: i64,
        /// No step after this.
        end: i64,
        /// Between two.
        step: i64,
    },
}

/// A query with its times.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked.
    pub query: Expression,
    /// For when.
    pub when: When,
}

/// The request of a seed.
#[must_use]
pub fn request(seed: u64) -> Request {
    let mut generator = Generator::new(seed);
    let query = match generator.rng.random_range(0..100) {
        0..6 => generator.mistake(),
        6..9 => generator.scalar(3),
        9..11 => generator.range_selector(None),
        11 => Expression::of("\"some `text` \\u00fc\"".to_owned(), Type::String),
        12 => {
            let inner = generator.vector(2, Exactness::Close);
            generator.subquery(inner)
        }
        _ => {
            let depth = generator.rng.random_range(1..5);
            generator.vector(depth, Exactness::Close)
        }
    };
    let when = generator.when();
    Request { query, when }
}

impl Generator {
    /// From a little before the data to a little after, on multiples of 10 ms, and often on whole scrape intervals.
    fn when(&mut self) -> When {
        let margin = 8 * 60 * 1000;
        let mut time = || {
            let time = START_MS + self.rng.random_range(-margin / 10..(LENGTH_MS + margin) / 10) * 10;
            if self.rng.random_bool(0.5) { time - time % 5000 } else { time }
        };
        let (one, other) = (time(), time());
        if self.chance(0.45) {
            return When::At(one);
        }
        let step = match self.rng.random_range(0..5) {
            0 => self.rng.random_range(1..60_000) * 10,
            _ => self.one_of(&[15_000, 30_000, 60_000, 120_000, 300_000]),
        };
        let (start, end) = (one.min(other), one.max(other));
        When::Over { start, end, step: step.max((end - start) / 600 * 10) }
    }
}
