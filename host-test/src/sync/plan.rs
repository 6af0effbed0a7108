//! What is to be done about each row? Rows of one person become one, and whoever is there
//! already stays as they are.
//!
//! Several people may have one number or address, such as a family or those of an office:
//! whoever has another name and a number of their own is somebody else. Where that cannot be
//! told, nothing is done.

use std::collections::HashMap;

use rlibphonenumber::enums::Region;

use super::{
    columns::Columns,
    ends::{End, Entry},
    journal::Journal,
    people::{Key, Person, Read, may_be_same_name, one_line, short, spelled},
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
    /// What tells them from all others.
    pub(crate) keys: Vec<Key>,
    /// The words of the name, by which spellings of it are compared.
    spelled: Vec<String>,
}

impl Planned {
    /// The same in texts.
    pub(crate) fn known_by(&self) -> Vec<String> {
        self.keys.iter().map(Key::text).collect()
    }
}

/// Whose a row is.
enum Whose {
    /// Of somebody who shares these numbers and addresses with those of other rows.
    Another(Vec<String>),
    /// Of this one of those before.
    Of(usize),
    /// Nobody can tell, for this reason.
    Unclear(String),
}

/// So many rows are named that share something with one.
const SHARES: usize = 3;

/// Who has which numbers and addresses.
type Owners = HashMap<String, Vec<usize>>;

impl Plan {
    /// The people of a table, those of several rows once.
    pub(crate) fn of(table: &Table, columns: &Columns, country: Option<Region>) -> Self {
        let mut plan = Self { entries: Vec::new(), people: Vec::<Planned>::new() };
        let mut owners = Owners::new();
        let read = |row| Person::of(row, table, columns, country);
        let mut read: Vec<_> = table.rows.iter().map(read).collect();
        let firsts = firsts(read.iter().map(|it| it.as_ref().ok().map(|(person, _)| person)));
        let added = join_all(&mut read, &firsts);
        let rows = table.rows.iter().zip(read).zip(firsts.iter().zip(added)).enumerate();
        for (place, ((row, read), (first, added))) in rows {
            let mut entry = Entry::of(row.line);
            match read {
                Err(why) => entry.end = End::Unusable(why),
                Ok((person, left_out)) => {
                    (entry.name, entry.notes) = (person.name(), left_out);
                    match plan.entries.get(*first).filter(|_| *first != place) {
                        None => plan.take(person, &mut entry, &mut owners),
                        Some(Entry { line, end: End::New, .. }) => {
                            entry.end = End::Double(*line);
                            entry.adds(&added);
                        }
                        Some(first) => entry.end = first.end.clone(),
                    }
                }
            }
            plan.entries.push(entry);
        }
        for Planned { place, person, keys, .. } in &mut plan.people {
            let is_shared = |by: &String| owners.get(by).is_some_and(|owners| owners.len() > 1);
            let key = |by: String| Key { name: is_shared(&by).then(|| person.name()), by };
            *keys = person.keys().into_iter().map(key).collect();
            if let Some(entry) = plan.entries.get_mut(*place) {
                entry.ways = person.ways.iter().map(|way| one_line(&way.value)).collect();
            }
        }
        plan
    }

    /// Adds somebody, or what is new of somebody who was there.
    fn take(&mut self, person: Person, entry: &mut Entry, owners: &mut Owners) {
        let keys = person.keys();
        let own = match self.whose(&person, owners) {
            Whose::Unclear(why) => {
                entry.end = End::Unusable(why);
                return;
            }
            Whose::Of(index) => {
                if let Some(Planned { place, person: first, .. }) = self.people.get_mut(index) {
                    entry.adds(&first.join(&person));
                    let line = self.entries.get(*place).map_or(0, |entry| entry.line);
                    entry.end = End::Double(line);
                }
                index
            }
            Whose::Another(shares) => {
                entry.notes.extend(shares);
                let place = self.entries.len();
                let spelled = spelled(&person.name());
                self.people.push(Planned { place, person, keys: Vec::new(), spelled });
                self.people.len() - 1
            }
        };
        for key in keys {
            let owners = owners.entry(key).or_default();
            if !owners.contains(&own) {
                owners.push(own);
            }
        }
    }

    fn whose(&self, person: &Person, owners: &Owners) -> Whose {
        let (name, spelled) = (person.name(), spelled(&person.name()));
        let keys = person.keys();
        let of = |key| owners.get(key).into_iter().flatten().map(move |index| (key, *index));
        let shared: Vec<(&String, usize)> = keys.iter().flat_map(of).collect();
        let is_it =
            |index: usize| self.people.get(index).is_some_and(|known| known.spelled == spelled);
        if let Some((_, index)) = shared.iter().find(|(_, index)| is_it(*index)) {
            return Whose::Of(*index);
        }
        let told = |(key, index): &(&String, usize)| {
            let known = self.people.get(*index)?;
            let line = self.entries.get(known.place)?.line;
            Some((short(key), short(&known.person.name()), line))
        };
        let mut numbers = person.numbers();
        if shared.is_empty() || numbers.any(|number| !owners.contains_key(&number)) {
            let shares = shared.iter().take(SHARES).filter_map(told);
            let shares =
                shares.map(|(key, name, line)| format!("shares {key} with line {line}, {name}"));
            let mut shares: Vec<_> = shares.collect();
            let more = shared.len().saturating_sub(SHARES);
            shares.extend((more > 0).then(|| format!("shares as much with {more} more")));
            return Whose::Another(shares);
        }
        let Some(((first, (key, other, line)), rest)) =
            shared.split_first().and_then(|(first, rest)| Some(((first.1, told(first)?), rest)))
        else {
            return Whose::Another(Vec::new());
        };
        if may_be_same_name(&other, &name) && rest.iter().all(|one| one.1 == first) {
            return Whose::Of(first);
        }
        Whose::Unclear(format!(
            "it has {key} of line {line}, {other}, and no number of its own, so whether it is \
             the same person cannot be told: give both one name, or this one a number"
        ))
    }

    /// Leaves out whoever is there already, by what 2Chat lists or by what was noted of an
    /// earlier run.
    pub(crate) fn compare(&mut self, there: &There, journal: &Journal) {
        let Self { entries, people } = self;
        people.retain_mut(|planned| {
            let Some(entry) = entries.get_mut(planned.place) else { return false };
            let name = planned.person.name();
            let is_known = |key: &&Key| there.names(&key.by).next().is_some();
            let may_be_it = |key: &Key| there.names(&key.by).any(|it| may_be_same_name(it, &name));
            let (known, new): (Vec<_>, Vec<_>) = planned.keys.iter().partition(is_known);
            let is_it = known.iter().any(|key| may_be_it(key));
            let has_own = planned.person.numbers().any(|it| there.names(&it).next().is_none());
            let other = known.iter().find_map(|key| Some((*key, there.names(&key.by).next()?)));
            if let Some((key, other)) = other.filter(|_| !is_it && has_own) {
                let note = format!("shares {} with {} in 2Chat", short(&key.by), short(other));
                if !entry.notes.contains(&note) {
                    entry.notes.push(note);
                }
                // By these alone nobody would be found.
                for key in &mut planned.keys {
                    if there.names(&key.by).next().is_some() {
                        key.name = Some(name.clone());
                    }
                }
            } else if let Some((_, other)) = other {
                entry.end = End::There;
                if !is_it && !other.is_empty() {
                    entry.notes.push(format!("2Chat has it as {}", short(other)));
                }
                if !new.is_empty() {
                    let new: Vec<_> = new.into_iter().map(|key| short(&key.by)).collect();
                    entry.notes.push(format!("2Chat has it without {}", new.join(", ")));
                }
                return false;
            }
            if journal.is_created(&planned.known_by()) {
                entry.end = End::There;
                return false;
            }
            true
        });
    }
}

/// For each row the first of the same person: of one name, and with a number or address in
/// common, be it by way of other rows.
fn firsts<'a>(people: impl Iterator<Item = Option<&'a Person>>) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::new();
    let mut known = HashMap::new();
    for (place, person) in people.enumerate() {
        firsts.push(place);
        for key in person.map(Person::known_with_name).unwrap_or_default() {
            let other = *known.entry(key).or_insert(place);
            let (one, other) = (first_of(&mut firsts, place), first_of(&mut firsts, other));
            if let Some(known) = firsts.get_mut(one.max(other)) {
                *known = one.min(other);
            }
        }
    }
    (0..firsts.len()).map(|place| first_of(&mut firsts, place)).collect()
}

/// Follows to the first, and makes the way shorter for the next.
fn first_of(firsts: &mut [usize], mut place: usize) -> usize {
    while let Some(&before) = firsts.get(place)
        && before != place
    {
        let next = firsts.get(before).copied().unwrap_or(before);
        if let Some(known) = firsts.get_mut(place) {
            *known = next;
        }
        place = next;
    }
    place
}

/// Gives each first row all that the others of it have, and tells what each added.
fn join_all(read: &mut [Result<Read, String>], firsts: &[usize]) -> Vec<Vec<String>> {
    let join = |(place, first): (usize, &usize)| {
        let Some(Ok((person, _))) = read.get(place).filter(|_| *first != place) else {
            return Vec::new();
        };
        let person = person.clone();
        match read.get_mut(*first) {
            Some(Ok((first, _))) => first.join(&person),
            _ => Vec::new(),
        }
    };
    firsts.iter().enumerate().map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{csv, json};

    fn plan(text: &str) -> Plan {
        let table = csv::read(text);
        let columns = Columns::of(&table, &[], None).unwrap();
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
        let ends: Vec<_> = plan.entries.iter().map(|entry| entry.end.clone()).take(3).collect();
        assert_eq!(ends, [End::New, End::New, End::Double(2)]);
        assert_eq!(plan.entries[2].notes, ["adds ada@example.com to it"]);
        let End::Unusable(why) = &plan.entries[3].end else { panic!() };
        assert!(why.contains("it has ada@example.com of line 2, Ada, and no number"), "{why}");
        let people: Vec<_> = plan.people.iter().map(|it| it.person.keys()).collect();
        let ada = ["+595981222331", "ada@example.com"];
        assert_eq!(people, [&ada[..], &["+595981222332", "bob@example.com"]]);
    }

    #[test]
    fn rows_of_one_name_that_others_of_it_join_are_one_person_in_any_order() {
        let rows = [
            "Ada,+595981222331,,",
            "Ada,+595981222332,a@example.com,",
            "ADA,,a@example.com,1 Road",
            "Ada,\"+595981222331, +595981222332\",,",
            "Ada,,b@example.com,\"1, road\"",
        ];
        for turn in 0..rows.len() {
            let mut rows = rows.to_vec();
            rows.rotate_left(turn);
            let plan = plan(&format!("name,phone,email,address\n{}\n", rows.join("\n")));
            let ends: Vec<_> = plan.entries.iter().map(|entry| entry.end.clone()).collect();
            assert_eq!(ends, [&[End::New][..], &vec![End::Double(2); 4]].concat(), "{rows:?}");
            assert_eq!(plan.people[0].person.keys().len(), 4, "{rows:?}");
            assert_eq!(plan.people.len(), 1);
        }
        let other = plan("name,phone\nAda,+595981222331\nAda,+595981222332\n");
        assert_eq!(other.people.len(), 2, "a name alone makes nobody the same");
    }

    #[test]
    fn many_who_share_a_number_are_many_and_three_of_them_are_named() {
        let row = |it: usize| format!("Ada {it},\"+595981222331, +59598{:07}\"\n", 1_000_000 + it);
        let rows: String = (1..=3000).map(row).collect();
        let plan = plan(&format!("name,phone\n{rows}"));
        assert_eq!(plan.people.len(), 3000);
        let expected = ["with line 2, Ada 1", "with line 3, Ada 2", "with line 4, Ada 3"];
        let expected = expected.map(|it| format!("shares +595981222331 {it}"));
        assert_eq!(plan.entries[3].notes, expected);
        assert_eq!(plan.entries[2999].notes[3], "shares as much with 2996 more");
    }

    #[test]
    fn a_number_that_its_label_calls_a_fax_is_left_out() {
        let plan = plan(
            "Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Phone,Phone Type\n\
             Ada,Mobile,+595981222331,Work Fax,+595981222332,+595981222333,Work\n\
             Bob,* HomeFax,+595981222334,,,+595981222335,fax\n",
        );
        let keys: Vec<_> = plan.people.iter().map(|it| it.person.keys()).collect();
        assert_eq!(keys, [&["+595981222331", "+595981222333"][..]], "{:?}", plan.entries);
        assert_eq!(plan.entries[0].notes, ["Phone 2 - Value is left out, as it is a fax"]);
        assert!(matches!(&plan.entries[1].end, End::Unusable(why) if why.contains("no number")));
        let table = json::read(
            r#"{"name":"Cy","phones":[{"type":"work","value":"+595981222336"},{"type":"Pager","value":"+595981222337"}]}"#,
        );
        let plan = Plan::of(&table, &Columns::of(&table, &[], None).unwrap(), None);
        assert_eq!(plan.entries[0].notes, ["phones.value is left out, as it is a pager"]);
        assert_eq!(plan.people[0].person.keys(), ["+595981222336"]);
    }

    #[test]
    fn several_people_with_one_number_or_address_stay_several() {
        let plan = plan(
            "name,phone,email\n\
             Mum,\"+595981222331, +595981222330\",\n\
             Dad,\"+595981222332, +595981222330\",\n\
             Kid,+595981222330,kid@example.com\n\
             Mum,+595981222330,mum@example.com\n\
             Anna,+595981222334,info@example.com\n\
             Bert,+595981222335,info@example.com\n",
        );
        let ends: Vec<_> = plan.entries.iter().map(|entry| &entry.end).collect();
        let kid = matches!(ends[2], End::Unusable(why) if why.contains("of line 2, Mum"));
        assert!(kid && *ends[3] == End::Double(2), "{ends:?}");
        assert_eq!(plan.entries[1].notes, ["shares +595981222330 with line 2, Mum"]);
        assert_eq!(plan.entries[5].notes, ["shares info@example.com with line 6, Anna"]);
        let people: Vec<_> = plan.people.iter().map(|it| it.person.keys()).collect();
        assert_eq!(people[0], ["+595981222331", "+595981222330", "mum@example.com"]);
        assert_eq!(people[1], ["+595981222332", "+595981222330"]);
        assert_eq!(people.len(), 4);
        let known_by = plan.people[1].known_by();
        assert_eq!(known_by, ["+595981222332", "+595981222330\ndad"]);
    }

    #[test]
    fn what_is_said_of_a_row_is_bounded_whatever_stands_in_its_cells() {
        let (long, digits) = ("N".repeat(300_000), "9".repeat(300_000));
        let spaced = "1 - ".repeat(100_000);
        let many = "x,".repeat(100_000);
        let numbers: String = (0..1000).map(|it| format!("+59598122{it:04},")).collect();
        let plan = plan(&format!(
            "name,given name,phone,email,address,{long}\n\
             {long},,+595981222331,,,1\n\
             B{long},,+595981222331,,,\n\
             {long},{long}C,{digits},,,\n\
             D,,{spaced},,,\n\
             E,,,{long},,\n\
             F,,,\"{many}\",,\n\
             G,,\"{numbers}\",,,\n\
             G,,\"+595981220000,+595971220001\",,{long},\n\
             {long},H,+595981222339,,{long},\n\
             I\u{fffd}{long},,+595981222338,,,\n"
        ));
        let (told, _) = super::super::ends::plan(&plan.entries);
        let longest = told.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 1200, "{longest}");
        let whys = plan.entries.iter().filter_map(|entry| match &entry.end {
            End::Unusable(why) => Some(why.as_str()),
            _ => None,
        });
        let whys: Vec<_> = whys.map(|why| why.chars().take(200).collect::<String>()).collect();
        for told in ["9…` is no number: ", "N…` is no e-mail address", "- …` is no number: "]
        {
            assert!(whys.iter().any(|why| why.contains(told)), "{told}: {whys:?}");
        }
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
