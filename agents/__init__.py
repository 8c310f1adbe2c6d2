"""Who learns? One readable program an agent, and the models that are shipped."""
