//! The page of the codes of refused events, `docs/codes.md`.

use std::fmt::Write as _;

use super::Lang;
use super::codes::{Code, HEADING};

/// The page of the docs that lists every code.
pub fn codes_page() -> String {
    let mut page = String::from(
        "# Codes\n\nWhat may be wrong with an event. A code is stable: it keeps its meaning for ever. \
         This page is made from the code (`UPDATE_DOCS=1 cargo test --lib codes_page`).\n",
    );
    for lang in [Lang::En, Lang::Vi] {
        let _ = write!(page, "\n## {}| --- | --- | --- |\n", HEADING.get(lang));
        for code in Code::ALL {
            let cell = |text: &str| text.replace('<', "&lt;").replace('|', "\\|");
            let _ = writeln!(page, "| `{code}` | {} | {} |", cell(code.meaning(lang)), cell(code.remedy(lang)));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_differ_and_are_named_alike() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            let (what, how) = name.split_once('.').unwrap();
            let plain = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(plain(what) && plain(how), "{name}");
        }
    }

    #[test]
    fn the_page_of_codes_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(path, codes_page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), codes_page(), "run with UPDATE_DOCS=1");
    }
}
