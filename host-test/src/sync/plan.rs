//! What is to be done about each row? Rows of one person become one, and whoever is there
//! already stays as they are.

use std::collections::HashMap;

use rlibphonenumber::enums::Region;

use super::{
    columns::Columns,
    ends::{End, Entry},
    journal::Journal,
    people::Person,
    source::Table,
    there::There,
};

/// The rows with their ends so far, and the people that are to be created.
pub(crate) struct Plan {
    pub(crate) entries: Vec<Entry>,
    pub(crate) people: Vec<Planned>,
}

/// Somebody to be created, and the place of the row among all.
pub(crate) struct Planned {
    pub(crate) place: usize,
    pub(crate) person: Person,
}

impl Plan {
    /// The people of a table, those of several rows once.
    pub(crate) fn of(table: &Table, columns: &Columns, country: Option<Region>) -> Self {
        let mut plan = Self { entries: Vec::new(), people: Vec::<Planned>::new() };
        let mut owners: HashMap<String, usize> = HashMap::new();
        for row in &table.rows {
            let mut entry =
                Entry { line: row.line, name: String::new(), end: End::New, notes: Vec::new() };
            match Person::of(row, table, columns, country) {
                Err(why) => entry.end = End::Unusable(why),
                Ok((person, left_out)) => {
                    (entry.name, entry.notes) = (person.name(), left_out);
                    let keys = person.keys();
                    let owner = keys.iter().find_map(|key| owners.get(key).copied());
                    let own = owner.unwrap_or(plan.people.len());
                    if let Some(Planned { place, person: first }) =
                        owner.and_then(|owner| plan.people.get_mut(owner))
                    {
                        first.join(&person, |key| !owners.contains_key(key));
                        let line = plan.entries.get(*place).map_or(0, |entry| entry.line);
                        entry.end = End::Double(line);
                    } else {
                        plan.people.push(Planned { place: plan.entries.len(), person });
                    }
                    for key in keys {
                        owners.entry(key).or_insert(own);
                    }
                }
            }
            plan.entries.push(entry);
        }
        plan
    }

    /// Leaves out whoever is there already, by what 2Chat lists or by what was noted of an
    /// earlier run.
    pub(crate) fn compare(&mut self, there: &There, journal: &Journal) {
        let Self { entries, people } = self;
        people.retain(|Planned { place, person }| {
            let keys = person.keys();
            let Some(entry) = entries.get_mut(*place) else { return false };
            let (known, new): (Vec<_>, Vec<_>) = keys.iter().partition(|key| there.has(key));
            if known.is_empty() {
                if journal.is_created(&keys) {
                    entry.end = End::There;
                    return false;
                }
                return true;
            }
            entry.end = End::There;
            if !new.is_empty() {
                let new: Vec<_> = new.into_iter().map(String::as_str).collect();
                entry.notes.push(format!("2Chat has it without {}", new.join(", ")));
            }
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::csv;

    fn plan(text: &str) -> Plan {
        let table = csv::read(text);
        let columns = Columns::of(&table.columns, &[]).unwrap();
        Plan::of(&table, &columns, None)
    }

    #[test]
    fn rows_of_one_person_become_one_with_all_that_they_have() {
        let plan = plan(
            "name,phone,email\n\
             Ada,+595981222331,\n\
             Bob,+595981222332,bob@example.com\n\
             Ada L,+595 981 222 331,ada@example.com\n\
             Both,,\"ADA@example.com, bob@example.com, both@example.com\"\n",
        );
        let ends: Vec<_> = plan.entries.iter().map(|entry| entry.end.clone()).collect();
        assert_eq!(ends, [End::New, End::New, End::Double(2), End::Double(2)]);
        let people: Vec<_> = plan.people.iter().map(|it| it.person.keys()).collect();
        let ada = ["+595981222331", "ada@example.com", "both@example.com"];
        assert_eq!(people, [&ada[..], &["+595981222332", "bob@example.com"]]);
    }

    #[test]
    fn nobody_is_made_of_a_row_without_a_name_or_a_way_to_reach_it() {
        let plan = plan(
            "name,phone,email,address\nAda,,,\n,+595981222333,,\nBob,1,b@example.com,\nCy,,,1 Road\n",
        );
        let why = |place: usize| match &plan.entries[place].end {
            End::Unusable(why) => why.clone(),
            end => format!("{end:?}"),
        };
        assert!(why(0).contains("no number") && why(1) == "it has no name");
        assert!(why(2).contains("--country") && why(3) == "New");
    }
}
