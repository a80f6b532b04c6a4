//! Every crate uses only the crates that the house allows it (DESIGN section 3, `ARCHITECTURE.md`).

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate -> the crates of this workspace that it may use.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let role = ["model", "proto", "tenant", "cluster", "server"];
    let with = |more: &[&'static str]| role.iter().chain(more).copied().collect::<BTreeSet<_>>();
    let only = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    BTreeMap::from([
        ("model", only(&[])),
        ("promql", only(&["model"])),
        ("bucket", only(&[])),
        ("wal", only(&["model", "bucket"])),
        ("head", only(&["model"])),
        ("block", only(&["model", "bucket"])),
        ("cluster", only(&["model", "proto"])),
        ("tenant", only(&["model"])),
        ("server", only(&["model", "tenant"])),
        ("proto", only(&["model"])),
        ("distributor", with(&["wal"])),
        ("ingester", with(&["wal", "head", "block", "bucket"])),
        ("querier", with(&["promql", "block", "bucket"])),
        ("compactor", only(&["model", "tenant", "cluster", "server", "block", "bucket"])),
        ("ruler", with(&["promql", "bucket"])),
    ])
}

#[test]
fn no_crate_uses_what_the_house_forbids() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let allowed = allowed();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.strip_prefix("mneme-").expect("packages are named mneme-<folder>");
        let folder = package.manifest_path.parent().and_then(|dir| dir.file_name());
        assert_eq!(folder, Some(name), "package {} is named like its folder", package.name);
        assert_eq!(package.publish, Some(vec![]), "{name} is not for a registry");
        assert_eq!(package.license.as_deref(), Some("Apache-2.0"), "{name}");
        if ["cmd", "fuzz", "tests"].contains(&name) {
            continue;
        }
        let allowed =
            allowed.get(name).unwrap_or_else(|| panic!("{name} has no row in the table of ARCHITECTURE.md"));
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            if let Some(used) = dependency.name.strip_prefix("mneme-")
                && !allowed.contains(used)
            {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden by the table of ARCHITECTURE.md: {}", wrong.join(", "));
}

/// `model` is pure: no runtime, no I/O.
#[test]
fn the_model_and_the_language_know_no_runtime() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    for package in metadata
        .packages
        .iter()
        .filter(|p| ["mneme-model", "mneme-promql", "mneme-head"].contains(&p.name.as_str()))
    {
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            let runtimes = ["tokio", "axum", "hyper", "object_store", "reqwest", "futures"];
            assert!(
                !runtimes.contains(&dependency.name.as_str()),
                "{} uses {}",
                package.name,
                dependency.name
            );
        }
    }
}
