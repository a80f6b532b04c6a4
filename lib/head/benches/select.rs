//! What it costs to find series by matchers among many.
//!
//! `cargo bench -p mneme-head --bench select [-- SERIES]`; default 1000000. Each series has a label `id` of its own, beside
//! the labels of a Kubernetes cluster: the worst case of a regular expression is one that is run on each of its values.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod kube;

use kube::{cpu, labels};
use mneme_head::{Head, Window};
use mneme_model::{Cut, MatchOp, Matcher, TenantId};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What it is, and its matchers.
type Case<'a> = (&'a str, &'a [(MatchOp, &'a str, &'a str)]);

fn main() {
    let series = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let head = Head::default();
    let tenant = TenantId::anonymous();
    for i in 0..series {
        let mut builder = labels(i).to_builder();
        builder.set("id", &format!("{:08x}", (i as u32).wrapping_mul(0x9e37_79b1)));
        let mut appender = head.appender();
        let reference = appender.series(&tenant, builder.build().view(), Cut(0));
        let _ = appender.float(reference, Cut(0), i as i64, 1.0, 0);
    }
    let thousand: Vec<String> =
        (0..1000).map(|i| format!("{:08x}", (i as u32 * 7).wrapping_mul(0x9e37_79b1))).collect();
    let thousand = thousand.join("|");
    let pods: Vec<String> = (0..20).map(|i| format!("service-{i}-5d8f7c9b6d-{i:05x}")).collect();
    let pods = pods.join("|");
    println!("\n{series} series, each with a value of its own of one label; ms of CPU to find which match");
    println!("| matchers | series found | ms |");
    println!("|---|---|---|");
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    let name = "component_requests_of_some_kind_7_total";
    let cases: [Case<'_>; 13] = [
        ("`{__name__=\"..7_total\"}`", &[(Equal, "__name__", name)]),
        ("`{__name__=~\".+\"}`", &[(Regex, "__name__", ".+")]),
        ("`{id=~\".*\"}`", &[(Regex, "id", ".*")]),
        ("`{id=~\"12.*\"}`, a prefix", &[(Regex, "id", "12.*")]),
        ("`{id=~\".*12\"}`, a suffix", &[(Regex, "id", ".*12")]),
        ("`{id=~\".*12.*\"}`", &[(Regex, "id", ".*12.*")]),
        ("`{id=~\"a|b|...\"}`, 1000 of them", &[(Regex, "id", &thousand)]),
        ("`{pod=~\"a|b|...\"}`, 20 of them", &[(Regex, "pod", &pods)]),
        ("`{id!~\".*1[0-7].*\"}`, run on each value", &[(NotRegex, "id", ".*1[0-7].*")]),
        ("`{id!=\"x\"}`", &[(NotEqual, "id", "x")]),
        (
            "`{__name__=\"..7_total\",id!~\".*1[0-7].*\"}`",
            &[(Equal, "__name__", name), (NotRegex, "id", ".*1[0-7].*")],
        ),
        ("`{pod=~\".*[b-m][a-f0-9]$\"}`", &[(Regex, "pod", ".*[b-m][a-f0-9]$")]),
        (
            "`{__name__=\"..7_total\",pod=~\".*[b-m][a-f0-9]$\"}`",
            &[(Equal, "__name__", name), (Regex, "pod", ".*[b-m][a-f0-9]$")],
        ),
    ];
    for (what, matchers) in cases {
        let matchers: Vec<Matcher> = matchers
            .iter()
            .map(|(op, name, value)| Matcher::new(*op, name, value).expect("compiles"))
            .collect();
        let found = head.series_matching(tenant.as_str(), &matchers);
        let ms = ms(|| {
            std::hint::black_box(head.series_matching(tenant.as_str(), &matchers));
        });
        println!("| {what} | {found} | {ms:.3} |");
    }
    println!(
        "\nlabel names and metric names of a window; each series has one sample, at its own millisecond"
    );
    println!("| series with a sample in it | names, ms | `__name__`, ms |");
    println!("|---|---|---|");
    let tenant = tenant.as_str();
    for shown in [series, series / 2, 1000] {
        let window = Window::new((series - shown) as i64, series as i64);
        let names = ms(|| drop(std::hint::black_box(head.label_names(tenant, &[], window))));
        let metrics = ms(|| drop(std::hint::black_box(head.label_values(tenant, "__name__", &[], window))));
        println!("| {shown} | {names:.3} | {metrics:.3} |");
    }
}

/// CPU of a run. Some kernels count by the tick: repeated until there are many.
fn ms(run: impl Fn()) -> f64 {
    let (start, mut times) = (cpu(), 0);
    while cpu() - start < 200_000_000 && times < 10_000 {
        run();
        times += 1;
    }
    (cpu() - start) as f64 / f64::from(times) / 1e6
}
