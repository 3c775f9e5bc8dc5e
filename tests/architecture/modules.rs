//! The modules of a crate as its sources have them: what each defines, what it imports, and every path that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, ImplItem, Item, ItemImpl, ItemMod, ItemUse, Type, UseTree, Visibility};

/// One module, a file's or one within a file.
#[derive(Default)]
pub struct Module {
    /// Its file, by the path from the repository's root.
    pub file: String,
    /// The module that it is in; the root of a crate is in itself.
    pub parent: usize,
    /// The root of its crate.
    pub root: usize,
    pub children: BTreeMap<String, usize>,
    /// The names that it defines.
    pub items: BTreeSet<String>,
    pub uses: Vec<Use>,
    /// The paths in its code, word by word.
    pub paths: BTreeSet<Vec<String>>,
    /// The types that it has methods of.
    pub extended: Vec<Vec<String>>,
}

/// One name that a `use` brings, or all names of a module.
pub struct Use {
    /// What it is called here; empty for all names.
    pub name: String,
    pub path: Vec<String>,
    /// Whether others may take it from here.
    pub is_public: bool,
}

/// Adds the modules of a crate, from its root file on. What is compiled for tests only is left out: they may look wherever they
/// like.
pub fn read(modules: &mut Vec<Module>, repository: &Path, file: &str) {
    let root = modules.len();
    let (folder, _) = file.rsplit_once('/').unwrap();
    modules.push(Module {
        file: file.to_owned(),
        parent: root,
        root,
        ..Module::default()
    });
    let mut reading = Reading {
        modules,
        repository,
        module: root,
        folder: folder.to_owned(),
    };
    reading.file();
}

struct Reading<'a> {
    modules: &'a mut Vec<Module>,
    repository: &'a Path,
    /// The module that is read.
    module: usize,
    /// Where the files of its children are.
    folder: String,
}

impl Reading<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.modules[self.module]
    }

    fn file(&mut self) {
        let path = self.repository.join(&self.module().file);
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.items(&file.items);
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            let name = match item {
                Item::Const(item) => Some(&item.ident),
                Item::Enum(item) => Some(&item.ident),
                Item::Fn(item) => Some(&item.sig.ident),
                Item::Macro(item) => item.ident.as_ref(),
                Item::Static(item) => Some(&item.ident),
                Item::Struct(item) => Some(&item.ident),
                Item::Trait(item) => Some(&item.ident),
                Item::Type(item) => Some(&item.ident),
                _ => None,
            };
            let names = &mut self.module().items;
            names.extend(name.map(ToString::to_string));
            match item {
                Item::Mod(item) => self.child(item),
                Item::Use(item) => self.import(item),
                Item::Impl(item) => self.methods(item),
                Item::Fn(item) if is_test(&item.attrs) => {}
                other => self.paths_among(other.to_token_stream()),
            }
        }
    }

    /// A module within this one.
    fn child(&mut self, item: &ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        let name = item.ident.to_string();
        let below = format!("{}/{name}", self.folder);
        let file = match item.content {
            Some(_) => self.module().file.clone(),
            None => [format!("{below}.rs"), format!("{below}/mod.rs")]
                .into_iter()
                .find(|file| self.repository.join(file).exists())
                .unwrap_or_else(|| panic!("{below}: there is no such module")),
        };
        let (parent, root) = (self.module, self.module().root);
        let child = self.modules.len();
        self.module().children.insert(name, child);
        self.modules.push(Module {
            file,
            parent,
            root,
            ..Module::default()
        });
        let mut inner = Reading {
            modules: self.modules,
            repository: self.repository,
            module: child,
            folder: below,
        };
        match &item.content {
            Some((_, items)) => inner.items(items),
            None => inner.file(),
        }
    }

    fn import(&mut self, item: &ItemUse) {
        if !is_test(&item.attrs) && item.leading_colon.is_none() {
            let is_public = !matches!(item.vis, Visibility::Inherited);
            self.names_of_use(&item.tree, Vec::new(), is_public);
        }
    }

    fn methods(&mut self, item: &ItemImpl) {
        if let (None, Type::Path(of)) = (&item.trait_, &*item.self_ty) {
            let words = of.path.segments.iter();
            let extended = words.map(|word| word.ident.to_string()).collect();
            self.module().extended.push(extended);
        }
        let head = ItemImpl {
            items: Vec::new(),
            ..item.clone()
        };
        self.paths_among(head.to_token_stream());
        for inner in &item.items {
            match inner {
                ImplItem::Fn(method) if is_test(&method.attrs) => {}
                other => self.paths_among(other.to_token_stream()),
            }
        }
    }

    fn names_of_use(&mut self, tree: &UseTree, mut path: Vec<String>, is_public: bool) {
        let name = match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                return self.names_of_use(&inner.tree, path, is_public);
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.names_of_use(inner, path.clone(), is_public);
                }
                return;
            }
            UseTree::Name(item) if item.ident == "self" => path.last().unwrap().clone(),
            UseTree::Name(item) => {
                path.push(item.ident.to_string());
                item.ident.to_string()
            }
            UseTree::Rename(item) => {
                path.push(item.ident.to_string());
                item.rename.to_string()
            }
            UseTree::Glob(_) => String::new(),
        };
        self.module().uses.push(Use {
            name,
            path,
            is_public,
        });
    }

    /// The paths among tokens: inside a macro they need not be Rust.
    fn paths_among(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.path(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                }
                TokenTree::Group(group) => {
                    self.path(std::mem::take(&mut path));
                    self.paths_among(group.stream());
                }
                _ => self.path(std::mem::take(&mut path)),
            }
            colons = 0;
        }
        self.path(path);
    }

    fn path(&mut self, path: Vec<String>) {
        if !path.is_empty() {
            self.module().paths.insert(path);
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("cfg") && list.is_ok_and(|of| of.tokens.to_string() == "test")
    })
}
