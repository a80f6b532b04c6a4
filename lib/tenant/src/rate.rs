//! Token buckets by tenant.

use std::collections::HashMap;
use std::time::Duration;

use mneme_model::{TenantId, TimestampMs};
use parking_lot::Mutex;

/// How many tenants' buckets are kept before full ones are looked for and forgotten.
const FIRST_SWEEP: usize = 1024;

/// Limits how many things per second each tenant may do. Time is an argument; it may jump, which costs at most one burst.
#[derive(Debug)]
pub struct RateLimiter {
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    by_tenant: HashMap<TenantId, Bucket>,
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: TimestampMs,
    full_at: TimestampMs,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self { buckets: Mutex::new(Buckets { by_tenant: HashMap::new(), sweep_at: FIRST_SWEEP }) }
    }
}

impl RateLimiter {
    /// Takes `n` tokens from the tenant's bucket, which gains `rate` a second up to `burst`; `burst` 0 = one second's worth.
    /// A request larger than the burst passes when the bucket is full and leaves it in debt, so that it passes at the rate and not never.
    ///
    /// # Errors
    /// How long until `n` tokens will be there; nothing was taken. A rate of 0 or less is no limit.
    pub fn take(
        &self,
        tenant: &TenantId,
        now: TimestampMs,
        rate: f64,
        burst: u64,
        n: u64,
    ) -> Result<(), Duration> {
        if rate <= 0.0 || n == 0 {
            return Ok(());
        }
        let burst = if burst == 0 { rate.max(1.0) } else { burst as f64 };
        let mut buckets = self.buckets.lock();
        buckets.sweep(now);
        let bucket = buckets.by_tenant.entry(tenant.clone()).or_insert(Bucket {
            tokens: burst,
            at: now,
            full_at: now,
        });
        let passed = now.saturating_sub(bucket.at).max(0) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + passed * rate).min(burst);
        bucket.at = now;
        let needed = (n as f64).min(burst);
        let result = if bucket.tokens >= needed {
            bucket.tokens -= n as f64;
            Ok(())
        } else {
            Err(Duration::from_secs_f64(((needed - bucket.tokens) / rate).clamp(0.001, 3600.0)))
        };
        let fill_ms = ((burst - bucket.tokens) / rate * 1000.0).clamp(0.0, 1e15);
        bucket.full_at = now.saturating_add(fill_ms.ceil() as i64);
        result
    }
}

impl Buckets {
    /// Forgets full buckets, which are as good as absent ones, once there are many.
    fn sweep(&mut self, now: TimestampMs) {
        if self.by_tenant.len() >= self.sweep_at {
            self.by_tenant.retain(|_, bucket| bucket.full_at > now);
            self.sweep_at = (self.by_tenant.len() * 2).max(FIRST_SWEEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[test]
    fn lets_the_burst_and_then_the_rate_pass() {
        let limiter = RateLimiter::default();
        let a = tenant("a");
        for _ in 0..5 {
            limiter.take(&a, 0, 10.0, 5, 1).unwrap();
        }
        assert_eq!(limiter.take(&a, 0, 10.0, 5, 1), Err(Duration::from_millis(100)));
        assert_eq!(limiter.take(&tenant("b"), 0, 10.0, 5, 1), Ok(()), "tenants do not share");
        let passed = (0..1000).filter(|t| limiter.take(&a, *t, 10.0, 5, 1).is_ok()).count();
        assert!((9..=10).contains(&passed), "{passed}");
    }

    #[test]
    fn a_request_over_the_burst_passes_when_full_and_pays_later() {
        let limiter = RateLimiter::default();
        let a = tenant("a");
        limiter.take(&a, 0, 10.0, 10, 100).unwrap();
        assert_eq!(limiter.take(&a, 0, 10.0, 10, 100), Err(Duration::from_secs(10)));
        assert!(limiter.take(&a, 9_999, 10.0, 10, 100).is_err());
        limiter.take(&a, 10_000, 10.0, 10, 100).unwrap();
    }

    #[test]
    fn neither_rate_zero_nor_a_clock_that_jumps_back_blocks() {
        let limiter = RateLimiter::default();
        let a = tenant("a");
        limiter.take(&a, 1_000_000, 0.0, 0, u64::MAX).unwrap();
        limiter.take(&a, 1_000_000, 10.0, 5, 5).unwrap();
        assert!(limiter.take(&a, 0, 10.0, 5, 1).is_err());
        limiter.take(&a, 100, 10.0, 5, 1).unwrap();
    }

    #[test]
    fn memory_is_bounded_by_the_tenants_that_are_not_full() {
        let limiter = RateLimiter::default();
        for i in 0..10_000 {
            limiter.take(&tenant(&format!("t{i}")), i * 1000, 10.0, 1, 1).unwrap();
        }
        assert!(limiter.buckets.lock().by_tenant.len() <= FIRST_SWEEP);
    }
}
