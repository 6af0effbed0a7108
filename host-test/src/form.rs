//! In which form is a result written? What the flags say of it.

use clap::ValueEnum;

use crate::exit::CommandError;

/// The forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people: rows and columns, as wide as the terminal
    Table,
    /// The result as it is; over several lines on a terminal
    Json,
    /// A line of JSON for each row
    Jsonl,
    /// A header, then a line for each row; lists within a row as JSON
    Csv,
    /// Messages for a Singer target: with --all
    Singer,
}

impl Format {
    /// As a flag names it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The form, as flags say it.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct FormArguments {
    /// How to write the result
    #[arg(long, value_name = "FORM", global = true)]
    pub(crate) output: Option<Format>,
    /// The columns of a table or of CSV, in this order, such as uuid,created-at
    #[arg(long, value_name = "NAMES", value_delimiter = ',', global = true)]
    pub(crate) columns: Vec<String>,
    /// Begin CSV with a byte order mark, by which spreadsheets know that it is UTF-8
    #[arg(long, global = true)]
    pub(crate) bom: bool,
}

/// The form that was decided on.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) format: Format,
    /// The columns that are wanted; none: all.
    pub(crate) columns: Vec<String>,
    /// Whether CSV begins with a byte order mark.
    pub(crate) bom: bool,
    /// Whether CSV spreads lists over columns.
    pub(crate) spread: bool,
}

impl FormArguments {
    /// The form that is meant: the one that is named, or that the other flags need, or
    /// else the usual one. `columns_in` is what columns are written in, if nothing
    /// else says it.
    pub(crate) fn form(
        self,
        usual: Format,
        columns_in: Format,
        spread: bool,
    ) -> Result<Form, CommandError> {
        let Self { output, columns, bom } = self;
        let needed = if bom || spread { Format::Csv } else { columns_in };
        let is_plain = columns.is_empty() && !bom && !spread;
        let format = output.unwrap_or(if is_plain { usual } else { needed });
        let misuse = |why: &str| Err(CommandError::Misuse(why.to_owned()));
        match format {
            Format::Csv => {}
            _ if bom => return misuse("--bom is for CSV: use --output csv"),
            _ if spread => return misuse("--spread is for CSV: use --output csv"),
            Format::Table => {}
            _ if !columns.is_empty() => {
                return misuse("--columns is for tables and CSV: use --output table or csv");
            }
            _ => {}
        }
        Ok(Form { format, columns, bom, spread })
    }
}
