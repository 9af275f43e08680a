//! `giaoban schema`: the contract for machines.

use clap::{Args, ValueEnum};

use super::Done;
use crate::failure::ExitCode;
use crate::intake::named_type;
use crate::terminal::print;
use crate::text::safe::json;
use crate::wire::schema::{asyncapi, json_schemas};

/// The options of `giaoban schema`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban schema > asyncapi.json\n  giaoban schema --format json-schema --type supervision"
)]
pub struct SchemaArgs {
    /// Dạng · Form
    #[arg(long, value_enum, default_value = "asyncapi")]
    format: SchemaFormat,
    /// Chỉ loại sự kiện này (json-schema) · This type of event only (json-schema)
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemaFormat {
    /// AsyncAPI 3.0.
    Asyncapi,
    /// JSON Schema 2020-12.
    JsonSchema,
}

/// Runs the command.
pub fn run(args: &SchemaArgs) -> Done {
    let document = match (args.format, &args.kind) {
        (SchemaFormat::Asyncapi, None) => asyncapi(),
        (_, None) => serde_json::json!(json_schemas()),
        (_, Some(kind)) => serde_json::json!(json_schemas().remove(named_type(kind)?.event_type)),
    };
    print(&json(&document))?;
    Ok(ExitCode::Done)
}
