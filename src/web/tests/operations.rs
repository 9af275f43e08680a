//! The page of operators: what it says of a pipeline in trouble, in both languages, and where there are no figures.

use super::*;

/// A worker that says this at `/metrics`.
struct Says(&'static str);

impl Watched for Says {
    fn metrics(&self) -> String {
        self.0.into()
    }
    fn not_live(&self) -> Vec<String> {
        Vec::new()
    }
    fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }
    fn not_started(&self) -> Vec<String> {
        Vec::new()
    }
}

const IN_TROUBLE: Says = Says(
    "giaoban_build_info{version=\"9.9\",installation=\"ha-noi\"} 1\ngiaoban_worker_ready 0\n\
     giaoban_worker_store_connected 0\ngiaoban_worker_log_connected 1\ngiaoban_worker_assigned_partitions 1\n\
     giaoban_topic_partitions 1\ngiaoban_topic_lag_records{partition=\"0\"} 1234\n\
     giaoban_topic_lag_seconds{partition=\"0\"} 7505\ngiaoban_worker_partition_held{partition=\"0\"} 1\n\
     giaoban_worker_records_dead_lettered_total{reason=\"unit.unknown\"} 7\n\
     giaoban_worker_records_dead_lettered_total{reason=\"<b>\"} 3\n",
);

#[test]
fn the_page_says_what_is_wrong_in_both_languages_and_is_linked_from_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    drop(fixture::store(&store, true));
    let server = Server::of(IN_TROUBLE, Some(figures(&store, fixture::rules())));
    for (lang, words) in [
        (
            "",
            [
                "Số liệu có đúng không?",
                "2 giờ 5 phút",
                "1.234",
                "không có kho",
                "bị dừng",
                "Đã báo cáo, 20",
                "Thư chết",
            ],
        ),
        (
            "?lang=en",
            ["Are the figures right?", "2 h 5 min", "1,234", "no store", "held for", "Reported, 20", "Dead letters"],
        ),
    ] {
        let page = server.get(&format!("/operations{lang}"));
        assert_eq!(page.status, 200);
        for word in words {
            assert!(page.body.contains(word), "{word}: {}", page.body);
        }
        assert!(page.body.contains("unit.unknown") && page.body.contains("&#60;b&#62;"), "{}", page.body);
        assert_eq!(page.body.matches("role=\"img\" aria-labelledby=\"course-").count(), 3);
        assert!(server.get(&format!("/{lang}")).body.contains(&format!("href=\"/operations{lang}\"")));
    }
}

#[test]
fn the_page_is_there_where_the_figures_are_not() {
    let server = Server::with_figures(FsPath::new("/nowhere/store.db"));
    let page = server.get("/operations?lang=en");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("There is no store yet") && !page.body.contains("nowhere"), "{}", page.body);
    assert_eq!(Server::of(IN_TROUBLE, None).get("/operations").status, 404, "operators alone have metrics");
}
