//! Do the docs of an action tell of the types that it has? Docs are a stranger's word, and
//! a page of them is only for an action that is as they say.

use wasmtime::component::Type;
use wit_parser::{Function, Type as Wit, TypeDefKind};

use crate::{docs::Docs, engine::Action};

/// Whether the action is declared like this.
pub(super) fn is_as_declared(action: &Action, known: &Function, docs: &Docs) -> bool {
    let (params, declared) = (&action.params, &known.params);
    params.len() == declared.len()
        && params
            .iter()
            .zip(declared)
            .all(|((name, ty), declared)| *name == declared.name && is(ty, declared.ty, docs))
        && maybe(action.result.as_ref(), known.result, docs)
}

fn maybe(ty: Option<&Type>, wit: Option<Wit>, docs: &Docs) -> bool {
    match (ty, wit) {
        (Some(ty), Some(wit)) => is(ty, wit, docs),
        (ty, wit) => ty.is_none() && wit.is_none(),
    }
}

/// Goes along the component's own type, whose size has a bound.
fn is(ty: &Type, wit: Wit, docs: &Docs) -> bool {
    let kind = match docs.kind(Some(wit)) {
        Some(TypeDefKind::Type(plain)) => return is_plain(ty, *plain),
        Some(kind) => kind,
        None => return is_plain(ty, wit),
    };
    match (ty, kind) {
        (Type::List(ty), TypeDefKind::List(wit)) => is(&ty.ty(), *wit, docs),
        (Type::Option(ty), TypeDefKind::Option(wit)) => is(&ty.ty(), *wit, docs),
        (Type::Record(ty), TypeDefKind::Record(wit)) => {
            let mut both = ty.fields().zip(&wit.fields);
            ty.fields().len() == wit.fields.len()
                && both.all(|(ty, wit)| ty.name == wit.name && is(&ty.ty, wit.ty, docs))
        }
        (Type::Tuple(ty), TypeDefKind::Tuple(wit)) => {
            let mut both = ty.types().zip(&wit.types);
            ty.types().len() == wit.types.len() && both.all(|(ty, wit)| is(&ty, *wit, docs))
        }
        (Type::Variant(ty), TypeDefKind::Variant(wit)) => {
            let mut both = ty.cases().zip(&wit.cases);
            ty.cases().len() == wit.cases.len()
                && both.all(|(ty, wit)| ty.name == wit.name && maybe(ty.ty.as_ref(), wit.ty, docs))
        }
        (Type::Enum(ty), TypeDefKind::Enum(wit)) => {
            ty.names().eq(wit.cases.iter().map(|case| &case.name))
        }
        (Type::Flags(ty), TypeDefKind::Flags(wit)) => {
            ty.names().eq(wit.flags.iter().map(|flag| &flag.name))
        }
        (Type::Result(ty), TypeDefKind::Result(wit)) => {
            maybe(ty.ok().as_ref(), wit.ok, docs) && maybe(ty.err().as_ref(), wit.err, docs)
        }
        _ => false,
    }
}

fn is_plain(ty: &Type, wit: Wit) -> bool {
    matches!(
        (ty, wit),
        (Type::Bool, Wit::Bool)
            | (Type::U8, Wit::U8)
            | (Type::U16, Wit::U16)
            | (Type::U32, Wit::U32)
            | (Type::U64, Wit::U64)
            | (Type::S8, Wit::S8)
            | (Type::S16, Wit::S16)
            | (Type::S32, Wit::S32)
            | (Type::S64, Wit::S64)
            | (Type::Float32, Wit::F32)
            | (Type::Float64, Wit::F64)
            | (Type::Char, Wit::Char)
            | (Type::String, Wit::String)
    )
}
