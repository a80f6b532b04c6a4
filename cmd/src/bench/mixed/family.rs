//! What targets of the mixed load expose: families of series, by kind of target. Each kind has 500 series.

use super::super::signal::Form;

/// Series of one metric that differ in their labels.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Labels, and how many values each has: all combinations are there. The label without a name stands for a part of the metric's name.
    pub(super) labels: &'static [(&'static str, u32)],
    pub(super) form: Form,
}

/// A classic histogram of one handler.
pub(super) const BOUNDS: [&str; 12] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
/// Handlers of an application that are called, each with a histogram ...
pub(super) const BUSY_HANDLERS: usize = 8;
/// ... and those that are not.
pub(super) const IDLE_HANDLERS: usize = 4;

/// Labels whose values no other target has.
pub(super) const OWN: [&str; 7] =
    ["cluster_ip", "deployment", "exported_pod", "id", "job_name", "owner_name", "replicaset"];

const fn family(name: &'static str, labels: &'static [(&'static str, u32)], form: Form) -> Family {
    Family { name, labels, form }
}

/// A node_exporter: 60 % stand still.
pub(super) const NODE: &[Family] = &[
    family("node_cpu_seconds_total", &[("cpu", 12), ("mode", 5)], Form::Seconds),
    family("node_cpu_guest_seconds_total", &[("cpu", 12), ("mode", 3)], Form::Still),
    family("node_network_receive_bytes_total", &[("device", 8)], Form::Counter),
    family("node_network_receive_packets_total", &[("device", 8)], Form::Counter),
    family("node_network_transmit_bytes_total", &[("device", 8)], Form::Counter),
    family("node_network_transmit_packets_total", &[("device", 8)], Form::Counter),
    family("node_network_receive_errs_total", &[("device", 16)], Form::Still),
    family("node_network_info", &[("device", 16), ("operstate", 1)], Form::Still),
    family("node_network_mtu_bytes", &[("device", 16)], Form::Still),
    family("node_memory_bytes", &[("", 30)], Form::Pages),
    family("node_memory_limit_bytes", &[("", 12)], Form::Still),
    family("node_filesystem_avail_bytes", &[("fstype", 1), ("mountpoint", 12)], Form::Pages),
    family("node_filesystem_files", &[("fstype", 1), ("mountpoint", 24)], Form::Still),
    family("node_filesystem_readonly", &[("fstype", 1), ("mountpoint", 24)], Form::Still),
    family("node_filesystem_size_bytes", &[("fstype", 1), ("mountpoint", 24)], Form::Still),
    family("node_disk_read_bytes_total", &[("device", 8)], Form::Counter),
    family("node_disk_written_bytes_total", &[("device", 8)], Form::Counter),
    family("node_netstat_total", &[("netstat", 22)], Form::Counter),
    family("node_netstat_idle_total", &[("netstat", 40)], Form::Still),
    family("node_sockstat_inuse", &[("socket", 5)], Form::Level),
    family("node_procs", &[("state", 8)], Form::Level),
    family("node_scrape_collector_duration_seconds", &[("collector", 12)], Form::Noise),
    family("node_load", &[("window", 3)], Form::Noise),
    family("node_scrape_collector_success", &[("collector", 40)], Form::Still),
    family("node_hwmon_limit_celsius", &[("chip", 4), ("sensor", 5)], Form::Still),
    family("node_timex", &[("", 16)], Form::Still),
    family("node_systemd_unit_state", &[("active_state", 2), ("unit", 8)], Form::Still),
];

/// A kube-state-metrics: 80 % stand still.
pub(super) const STATE: &[Family] = &[
    family("kube_pod_status_phase", &[("exported_pod", 20), ("phase", 5)], Form::Still),
    family("kube_pod_container_resource_requests", &[("exported_pod", 15), ("resource", 4)], Form::Still),
    family("kube_pod_info", &[("created_by_kind", 1), ("exported_pod", 20), ("host_ip", 1)], Form::Still),
    family("kube_pod_owner", &[("exported_pod", 20), ("owner_kind", 1), ("owner_name", 1)], Form::Still),
    family("kube_deployment_spec_replicas", &[("deployment", 30)], Form::Still),
    family("kube_replicaset_spec_replicas", &[("replicaset", 30)], Form::Still),
    family("kube_statefulset_replicas", &[("statefulset", 10)], Form::Still),
    family("kube_daemonset_status_desired_number_scheduled", &[("daemonset", 10)], Form::Still),
    family("kube_node_status_condition", &[("condition", 5), ("status", 3)], Form::Still),
    family("kube_node_status_capacity", &[("resource", 8)], Form::Still),
    family("kube_configmap_info", &[("configmap", 30)], Form::Still),
    family("kube_secret_type", &[("secret", 20), ("type", 1)], Form::Still),
    family("kube_service_info", &[("cluster_ip", 20)], Form::Still),
    family("kube_persistentvolume_info", &[("persistentvolume", 12), ("storageclass", 1)], Form::Still),
    family("kube_horizontalpodautoscaler_spec_max_replicas", &[("horizontalpodautoscaler", 15)], Form::Still),
    family("kube_deployment_status_replicas_available", &[("deployment", 40)], Form::Level),
    family("kube_job_status_active", &[("job_name", 30)], Form::Level),
    family(
        "kube_pod_container_status_restarts_total",
        &[("exported_pod", 25), ("priority_class", 1)],
        Form::Counter,
    ),
    family("kube_horizontalpodautoscaler_utilization", &[("horizontalpodautoscaler", 5)], Form::Noise),
];

/// A cadvisor: 30 % stand still.
pub(super) const CONTAINERS: &[Family] = &[
    family("container_cpu_usage_seconds_total", &[("id", 80), ("image", 1)], Form::Seconds),
    family("container_memory_working_set_bytes", &[("id", 45), ("image", 1)], Form::Pages),
    family("container_memory_rss", &[("id", 45), ("image", 1)], Form::Pages),
    family("container_network_receive_bytes_total", &[("id", 30), ("interface", 2)], Form::Counter),
    family("container_network_transmit_bytes_total", &[("id", 30), ("interface", 2)], Form::Counter),
    family("container_tasks_state", &[("id", 8), ("image", 1), ("task_state", 5)], Form::Level),
    family("container_cpu_load_average_10s", &[("id", 20), ("image", 1)], Form::Noise),
    family("container_spec_memory_limit_bytes", &[("id", 50), ("image", 1)], Form::Still),
    family("container_spec_cpu_quota", &[("id", 50), ("image", 1)], Form::Still),
    family("container_fs_limit_bytes", &[("fs_device", 2), ("id", 25), ("image", 1)], Form::Still),
];

/// An application, besides its histograms: with these 28 % stand still.
pub(super) const APPLICATION: &[Family] = &[
    family("http_requests_total", &[("code", 5), ("method", 4)], Form::Counter),
    family(
        "grpc_server_handled_total",
        &[("grpc_code", 2), ("grpc_method", 6), ("grpc_service", 3)],
        Form::Counter,
    ),
    family(
        "kafka_consumer_records_total",
        &[("consumergroup", 1), ("partition", 5), ("topic", 6)],
        Form::Counter,
    ),
    family("db_queries_total", &[("operation", 2), ("table", 12)], Form::Counter),
    family("log_messages_total", &[("level", 4), ("logger", 5)], Form::Counter),
    family("go_memstats_bytes", &[("", 16)], Form::Pages),
    family("cache_size_bytes", &[("cache", 10)], Form::Pages),
    family("go_goroutines_by_state", &[("state", 10)], Form::Level),
    family("http_requests_in_flight", &[("route", 20)], Form::Level),
    family("pool_connections", &[("pool", 10), ("pool_state", 2)], Form::Level),
    family("process_cpu_seconds_total", &[("thread", 10)], Form::Seconds),
    family("go_gc_pause_seconds_total", &[("gc", 2), ("gc_phase", 5)], Form::Seconds),
    family("lock_wait_seconds_total", &[("lock", 10)], Form::Seconds),
    family("request_latency_ewma_seconds", &[("route", 12)], Form::Noise),
    family("up", &[], Form::Always(1.0)),
    family(
        "build_info",
        &[("branch", 1), ("goversion", 1), ("revision", 1), ("version", 1)],
        Form::Always(1.0),
    ),
    family("feature_enabled", &[("feature", 30)], Form::Still),
    family("config_value", &[("setting", 30)], Form::Still),
    family("queue_limit", &[("queue", 10)], Form::Still),
    family("kafka_partition_leader", &[("broker", 2), ("topic", 6)], Form::Still),
];
