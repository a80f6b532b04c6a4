//! Durations as Prometheus writes them: `1h30m`, `15s`, `1y2w3d4h5m6s7ms`.
