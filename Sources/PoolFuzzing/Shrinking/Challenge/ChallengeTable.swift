extension ChallengeTask {
  /// The tasks.
  public static let all: [ChallengeTask] = []
}
