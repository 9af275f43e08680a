//! The known name that a mistaken one is most like.

/// No name that is known is as long, slips and all; what is longer is like none. So the work of a search is bounded,
/// whatever somebody sends.
const LONGEST: usize = 48;

/// Of these, each called by its `name`, the one whose name is most like the one that was found, if the likeness (from 0
/// to 1) is above `least`.
pub fn nearest<T>(known: impl IntoIterator<Item = T>, found: &str, name: impl Fn(&T) -> &str, least: f64) -> Option<T> {
    nearest_by(known, found, |known, found| strsim::jaro_winkler(name(known), found), least)
}

/// The same by a likeness of one's own.
pub fn nearest_by<T>(
    known: impl IntoIterator<Item = T>,
    found: &str,
    likeness: impl Fn(&T, &str) -> f64,
    least: f64,
) -> Option<T> {
    if found.len() > LONGEST {
        return None;
    }
    let near =
        known.into_iter().map(|known| (likeness(&known, found), known)).filter(|(likeness, _)| *likeness > least);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
}

/// Whether a name is so short that a search for those like it is worth its work.
pub fn is_searchable(found: &str) -> bool {
    found.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_any_name_is_like_none_and_is_not_compared() {
        let known = ["trade_union", "other"];
        assert_eq!(nearest(known, "trade_unoin", |name| name, 0.7), Some("trade_union"));
        let never = |_: &&str, _: &str| panic!("compared");
        assert_eq!(nearest_by(known, &"trade_union".repeat(5), never, 0.7), None);
    }
}
