//! A rule by its word, for `--fail-on`.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::model::Rule;

/// Takes the words of all rules, and offers them to completions.
pub(super) fn parser() -> impl TypedValueParser<Value = Rule> {
    PossibleValuesParser::new(Rule::ALL.map(Rule::as_str)).try_map(|word| {
        let named = Rule::ALL.into_iter().find(|rule| rule.as_str() == word);
        named.ok_or("no rule has this name")
    })
}
