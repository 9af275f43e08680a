//! The known name that a mistaken one is most like.

/// Of these names the one of the greatest likeness, if that is above `least`.
pub fn nearest<T>(names: impl IntoIterator<Item = T>, likeness: impl Fn(&T) -> f64, least: f64) -> Option<T> {
    let near = names.into_iter().map(|name| (likeness(&name), name)).filter(|(likeness, _)| *likeness > least);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}
