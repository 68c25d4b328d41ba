//! The documentation of scenario files against the parser: every field is described where it belongs, nothing is
//! described that does not exist, and every example runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll::engine;
use plimsoll::manifest::Api;
use plimsoll::simulate::scenario::{Plan, Scenario, ScenarioError};
use plimsoll::simulate::{self, Scaler, open};
use serde_json::{Map, Value};

/// A name that no section has; the parser's complaint about it lists those that it has.
const NOBODY: &str = "zzzzzzzz";

/// A heading of the README and the fields that a table below it must have.
struct Section {
    heading: String,
    fields: BTreeSet<String>,
}

#[test]
fn every_field_is_in_the_table_of_its_section_and_no_other_field_is() {
    let readme = readme();
    let known = sections();
    assert!(known.len() > 12, "the probe has lost its way: {} sections", known.len());
    for Section { heading, fields } in &known {
        assert_eq!(rows(&readme, heading), *fields, "README, {heading}");
    }
    let headings: BTreeSet<&str> = known.iter().map(|section| section.heading.as_str()).collect();
    for heading in readme.lines().filter(|line| line.starts_with('#') && !headings.contains(line)) {
        assert_eq!(rows(&readme, heading), BTreeSet::new(), "README, {heading}: no section of the file");
    }
}

#[test]
fn the_defaults_are_those_of_the_parser() {
    let readme = readme();
    let mut numbers = 0;
    for Section { heading, .. } in sections() {
        for (name, default) in defaults(&readme, &heading) {
            let place = format!("README, {heading}, {name}: {default}");
            let mut plan = everything();
            fields(&mut plan, &heading).remove(&name);
            let without = Plan::parse(&plan.to_string());
            let missing =
                matches!(&without, Err(ScenarioError::Missing { name: missing, .. }) if *missing == name.as_str());
            assert_eq!(default == "required", missing, "{place}");
            // A default that is a number is the same as saying the number.
            if let Ok(number) = serde_json::from_str::<Value>(&default.replace(',', "")) {
                numbers += 1;
                fields(&mut plan, &heading).insert(name, number);
                let with = Plan::parse(&plan.to_string()).expect(&place);
                // Not `assert_eq`: two whole plans would bury the place.
                assert!(without.expect(&place) == with, "{place}: the parser has another default");
            }
        }
    }
    assert!(numbers > 20, "{numbers}");
}

#[test]
fn the_words_that_a_because_may_quote_are_those_of_the_parser() {
    let mut plan = everything();
    // Not both can be.
    plan.as_object_mut().expect("a mapping").remove("jobs");
    plan["documented"][0]["because"] = Value::String(format!("{{{NOBODY}}}"));
    let error = scenario(&plan).expect_err("a word that nobody knows").to_string();
    let known: BTreeSet<&str> = words(error.split_once("may quote only").expect("the list").1);
    let readme = readme();
    let told = section(&readme, "### Words that `because` may quote");
    assert_eq!(told.lines().filter(|line| line.starts_with("* ")).flat_map(words).collect::<BTreeSet<_>>(), known);
    assert!(known.contains("reason"));
}

#[test]
fn every_example_is_a_scenario_or_a_part_of_one() {
    let readme = readme();
    let examples = blocks(&readme, "yaml");
    assert!(examples.len() > 14, "{}", examples.len());
    let mut shown = Map::new();
    for (index, example) in examples.iter().enumerate() {
        let part: Map<String, Value> =
            serde_saphyr::from_str(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        // The first is a whole one; what the others leave out is as there.
        if index == 0 {
            shown = part;
            Plan::parse(example).expect("the shortest scenario is whole");
            plays(&Value::Object(shown.clone()), example);
            continue;
        }
        let whole = with(shown.clone(), part);
        plays(&Value::Object(whole), example);
    }
}

#[test]
fn every_scenario_of_the_folder_is_named_and_has_an_hpa_that_can_decide() {
    let readme = readme();
    for file in files() {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(readme.contains(&format!("[`{name}`]({name})")), "{name}");
        scaler(&open::scenario(&file).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}

#[test]
fn behind_the_queue_ends_at_its_bound_with_a_full_queue() {
    let scenario = open::scenario(&folder().join("behind-the-queue.yaml")).expect("opens");
    let run = simulate::run(&scenario, &mut *scaler(&scenario), &mut |_, _| {});
    let last = run.syncs.last().expect("a sync");
    assert!(last.conditions.contains(&"ScalingLimited=True/TooManyReplicas".to_owned()), "{:?}", last.conditions);
    assert_eq!((last.to, last.asked), (6, Some(8)));
    assert_eq!((run.summary.queued_max, run.summary.failed > 0.0), (9_000.0, true));
    assert_eq!(run.documented.iter().map(|row| row.agrees).collect::<Vec<_>>(), [true, false]);
}

/// Every section that the parser knows, found by asking: under each known name, as a mapping and as a list, stands a name
/// that nobody knows. What complains with a list of names is a section.
fn sections() -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut open = vec![(Vec::<String>::new(), "## The file".to_owned())];
    while let Some((path, heading)) = open.pop() {
        let Some(fields) = known(&path) else { continue };
        // `noise` has parts in it: the shapes again.
        if found.iter().any(|section| section.fields == fields) {
            continue;
        }
        for field in &fields {
            let level = if path.is_empty() { "##" } else { "###" };
            for link in [field.clone(), format!("{field}[]")] {
                open.push(([path.clone(), vec![link]].concat(), format!("{level} `{field}`")));
            }
        }
        found.push(Section { heading, fields });
    }
    found
}

/// The names known at a place; none when it is no section.
fn known(path: &[String]) -> Option<BTreeSet<String>> {
    let innermost = format!("{{{NOBODY}: 1}}");
    let text = path.iter().rev().fold(innermost, |inside, link| match link.strip_suffix("[]") {
        Some(name) => format!("{{{name}: [{inside}]}}"),
        None => format!("{{{link}: {inside}}}"),
    });
    match Plan::parse(&text) {
        Err(ScenarioError::Unknown { name, known, .. }) if name == NOBODY => {
            Some(known.into_iter().map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// The text below a heading, up to the next one.
fn section<'a>(readme: &'a str, heading: &str) -> &'a str {
    let (_, text) = readme
        .split_once(&format!("\n{heading}\n"))
        .or_else(|| readme.split_once(&format!("{heading}\n")))
        .expect(heading);
    let ends = text.match_indices("\n#").map(|(at, _)| at).next();
    text.get(..ends.unwrap_or(text.len())).unwrap_or(text)
}

/// The first cells of the tables below a heading, as far as they are one name in code.
fn rows(readme: &str, heading: &str) -> BTreeSet<String> {
    section(readme, heading).lines().filter_map(named).map(|(name, _)| name.to_owned()).collect()
}

/// Names and defaults of the tables of fields below a heading.
fn defaults(readme: &str, heading: &str) -> Vec<(String, String)> {
    // name | unit | range | default | meaning
    let told = |line| {
        let (name, rest) = named(line)?;
        let mut cells = rest.split('|').map(str::trim);
        Some((name.to_owned(), cells.nth(2).filter(|_| cells.next().is_some())?.to_owned()))
    };
    section(readme, heading).lines().filter_map(told).collect()
}

/// `` | `name` | rest ``
fn named(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("| `")?.split_once("` | ")
}

/// The words in braces.
fn words(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

/// The blocks of code in a language.
fn blocks<'a>(readme: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    readme.split(fence.as_str()).skip(1).map(|rest| rest.split_once("```").expect("the end of the block").0).collect()
}

/// A scenario with all sections and shapes.
fn everything() -> Value {
    let mut whole = Map::new();
    let mut load = Vec::new();
    for example in blocks(&readme(), "yaml") {
        let part: Map<String, Value> = serde_saphyr::from_str(example).expect(example);
        load.extend(part.get("load").and_then(Value::as_array).into_iter().flatten().cloned());
        whole = with(whole, part);
    }
    whole.insert("load".to_owned(), Value::Array(load));
    whole.insert("duration_s".to_owned(), Value::from(900));
    Value::Object(whole)
}

/// The fields of its section with this heading; of a shape, those of the first part that has it.
fn fields<'a>(plan: &'a mut Value, heading: &str) -> &'a mut Map<String, Value> {
    let name = heading.trim_start_matches('#').trim().trim_matches('`');
    let found = match name {
        "The file" => Some(plan),
        // Its fields are the shapes: a part has one of them.
        "load" => plan["load"].get_mut(0),
        "documented" => plan["documented"].get_mut(0),
        "expect" => plan["documented"][0].get_mut("expect"),
        _ if heading.starts_with("###") => {
            plan["load"].as_array_mut().into_iter().flatten().find_map(|part| part.get_mut(name))
        }
        _ => plan.get_mut(name),
    };
    found.and_then(Value::as_object_mut).expect(heading)
}

/// Opens a scenario, with the README's recorded load beside it.
fn scenario(plan: &Value) -> Result<Scenario, ScenarioError> {
    // JSON is YAML.
    Scenario::parse(&plan.to_string(), &mut |name| {
        assert_eq!(name, "day.csv");
        Ok(blocks(&readme(), "csv").first().expect("a recorded load").as_bytes().to_vec())
    })
}

/// A scenario with parts replaced; there is one policy, and a later one takes the place of an earlier.
fn with(mut whole: Map<String, Value>, part: Map<String, Value>) -> Map<String, Value> {
    let names = Scenario::black_friday().expect("parses").plan().policies().map(|(name, _)| name);
    if names.iter().any(|name| part.contains_key(*name)) {
        names.iter().for_each(|name| drop(whole.remove(*name)));
    }
    whole.extend(part);
    whole
}

/// Opens a scenario and its policy.
fn plays(plan: &Value, example: &str) {
    let scenario = scenario(plan).unwrap_or_else(|error| panic!("{error}\n{example}"));
    scaler(&scenario);
}

fn scaler(scenario: &Scenario) -> Box<dyn Scaler> {
    let plan = scenario.plan();
    engine::scaler(plan, Api::default()).unwrap_or_else(|error| panic!("{}: {error}", plan.title))
}

fn files() -> Vec<PathBuf> {
    let files = folder().read_dir().expect("the folder").map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.extension().is_some_and(|kind| kind == "yaml")).collect()
}

fn readme() -> String {
    std::fs::read_to_string(folder().join("README.md")).expect("the README")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}
