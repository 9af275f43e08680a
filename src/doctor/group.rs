//! Who reads the events as the workers' group, and whether they are workers.

use super::{Examination, Thing, Verdict, listed};
use crate::config::Settings;
use crate::log::{Access, EventLog, GroupState, LogError, Member};
use crate::text::{Text, doctor as says};

/// Names the group's members; what is no worker keeps partitions from those that are.
pub(super) fn look(examination: &mut Examination, settings: &Settings, log: &dyn EventLog) {
    let group = &settings.kafka.group;
    let state = match state(settings, log) {
        Ok(state) => state,
        // Told with the permissions.
        Err(LogError::Authorization { .. }) => return,
        Err(error) => return examination.failed(Thing::Group, Verdict::NotLookedAt, &error),
    };
    let ours = settings.kafka.client_id();
    let (workers, others): (Vec<_>, Vec<_>) = state.members.iter().partition(|member| member.client == ours);
    for Member { client, host, partitions } in others {
        let (verdict, detail) = match partitions.is_empty() {
            true => (Verdict::Warning, says::other_member(group, client, host)),
            false => (Verdict::Problem, says::foreign_member(group, client, host, listed(partitions.iter().copied()))),
        };
        examination.add(Thing::Group, verdict, &detail, &says::own_group());
    }
    if !workers.is_empty() {
        examination.good(Thing::Group, &says::members(group, shown(&workers)));
    } else if let Some(by) = &state.last {
        examination.good(Thing::Group, &says::last_committed(group, by));
    }
}

/// Who reads, in a few words; `None` where nobody is known.
pub(super) fn readers(settings: &Settings, log: &dyn EventLog) -> Option<Text> {
    let state = state(settings, log).ok()?;
    match state.members.is_empty() {
        true => state.last.map(Text::same),
        false => Some(Text::same(shown(&state.members.iter().collect::<Vec<_>>()))),
    }
}

/// Of a group that this user may not join nothing is asked: the answer would only be late.
fn state(settings: &Settings, log: &dyn EventLog) -> Result<GroupState, LogError> {
    let (group, topic) = (settings.kafka.group.as_str(), settings.kafka.topic.as_str());
    log.may(&Access::Join { group, topic })?;
    log.group(group, topic)
}

fn shown(members: &[&Member]) -> String {
    let shown = members
        .iter()
        .map(|member| format!("{} {} [{}]", member.client, member.host, listed(member.partitions.iter().copied())));
    shown.collect::<Vec<_>>().join("; ")
}
