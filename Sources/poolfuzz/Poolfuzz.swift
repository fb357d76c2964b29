@main struct Poolfuzz { static func main() {} }
