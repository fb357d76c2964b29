import PropertyTesting

enum PoolSubject: ToySubject {
  typealias Machine = ToyPool
  typealias Model = ToyPoolModel
}

enum AccountSubject: ToySubject {
  typealias Machine = Accounts
  typealias Model = AccountModel
}

enum CatalogSubject: ToySubject {
  typealias Machine = Catalog
  typealias Model = CatalogModel
}

enum HandleSubject: ToySubject {
  typealias Machine = Handles
  typealias Model = HandleModel
}
